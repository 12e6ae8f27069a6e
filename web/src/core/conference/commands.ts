/** commandsOf is everything that a person can do, each in one line. */
import type { Commands } from '../snapshot'
import type { Board } from './board'
import type { Chat } from './chat'
import type { Conference } from './conference'
import type { HostDoor } from './door'
import type { Inside } from './inside'
import type { Orders } from './orders'
import type { Keeper } from './parts'

/** Hands are the rooms of a conference that commands reach. */
export interface Hands {
  readonly board: Board
  readonly keeper: Keeper
  readonly door: HostDoor
  readonly chat: Chat
  readonly inside: Inside
  readonly orders: Orders
}

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
      board.set({ alarms: board.now.alarms.filter((a) => a.id !== id) })
    },
    leave: () => void conference.leave(),
    end: () => void orders.end(),
    comeBack,
  }
}
