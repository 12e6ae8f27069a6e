/** commandsOf is everything that a person can do, each in one line. */
import type { Commands } from '../snapshot'
import type { Conference } from './conference'

export function commandsOf(conference: Conference, comeBack: () => void): Commands {
  const { board, keeper, door, chat, inside, orders, rules } = conference.hands
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
    pardon: (device) => void rules.order({ kind: 'pardon', device }),
    lock: (on) => void rules.order({ kind: 'lock', on }),
    allow: (allows) => void rules.order({ kind: 'allows', allows }),
    makeCoHost: (participant, on) => void rules.order({ kind: 'co-host', participant, on }),
    makeHost: (participant) => void rules.order({ kind: 'host', participant }),
    say: (text, to) => void chat.say(text, to),
    amend: (id, text) => void chat.amend(id, text),
    react: (reaction) => void inside.gestures.react(reaction),
    hand: (up) => void inside.gestures.hand(up),
    lowerHand: (id) => void inside.gestures.lower(id),
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
    handOver: (id) => void conference.handOver(id),
    end: () => void orders.end(),
    comeBack,
  }
}
