import type { Relay } from '../wire.gen'

const noRelay: Relay = { urls: [], username: '', credential: '' }

/** Place is where this page stands with the server; entering and returning change it, each for the socket that it speaks on. */
export class Place {
  challenge = '' // the server's, for proofs on the present socket
  orderKey = '' // the server's, as policy 1 names it
  participant = ''
  ticket = '' // a seat's; '' at the door
  relay = noRelay // a seat's, for media
  name = ''
  hostLink = false
  wantsIn = false // the person asked to be in, and goes on wanting it whatever breaks
  needsCode = true
  grouped = false // the vault's group is the one that this page is in

  /** unseated: the seat is gone, and with it what was told of the group; regained or not shows later. */
  unseated(): void {
    this.grouped = false
    this.ticket = ''
    this.relay = noRelay
  }
}
