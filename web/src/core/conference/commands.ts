/** commandsOf is everything that a person can do, each in one line. */
import type { Commands } from '../snapshot'
import type { Conference } from './conference'

export function commandsOf(conference: Conference, comeBack: () => void): Commands {
  const { board, keeper, door, chat, inside, orders } = conference.hands
  return {
    setCamera: (on) => {
      keeper.setCamera(on)
    },
    setMicrophone: (on) => {
      keeper.setMicrophone(on)
    },
    chooseCamera: (id) => {
      keeper.chooseCamera(id)
    },
    chooseMicrophone: (id) => {
      keeper.chooseMicrophone(id)
    },
    chooseSpeaker: (id) => {
      keeper.chooseSpeaker(id)
    },
    refreshDevices: () => {
      keeper.refresh()
    },
    playSpeakerTest: () => {
      keeper.playSpeakerTest()
    },
    enter: (name, code) => void conference.enter(name, code),
    stillHere: () => {
      conference.stillHere()
    },
    stopWaiting: () => void conference.leave(),
    admit: (ids) => void door.admit(ids),
    deny: (id) => void door.deny(id),
    allowAgain: (id) => void door.allowAgain(id),
    remove: (id) => void orders.remove(id),
    say: (text) => void chat.say(text),
    readChat: () => {
      chat.read()
    },
    showing: (ids) => {
      inside.showing(ids)
    },
    dismissAlarm: (id) => {
      board.drop(id)
    },
    leave: () => void conference.leave(),
    end: () => void orders.end(),
    comeBack,
  }
}
