/** The browser's own parts, joined. */
import { wallClock } from '../clock'
import { DeviceKeeper } from '../devices/keeper'
import { pageStorage } from '../devices/remembered'
import { browserNetwork } from '../line/line'
import { MediaLine } from '../media/line'
import { BrowserMemory } from '../storage'
import { startVault } from '../worker-url'
import type { Parts } from './parts'

const slotsOnDesktop = 16
const slotsOnPhone = 9

/** Wanted is what a browser must have to take part: without one of these nothing could be sealed or opened. */
const wanted: Readonly<Record<string, () => boolean>> = {
  HTTPS: () => isSecureContext,
  WebRTC: () => 'RTCPeerConnection' in globalThis,
  RTCRtpScriptTransform: () => 'RTCRtpScriptTransform' in globalThis,
  WebCrypto: () => 'subtle' in crypto,
  IndexedDB: () => 'indexedDB' in globalThis,
}

export function browserParts(origin: string): Parts {
  return {
    origin,
    clock: wallClock,
    network: browserNetwork,
    memory: new BrowserMemory(indexedDB, navigator.locks),
    slots: matchMedia('(max-width: 719px)').matches ? slotsOnPhone : slotsOnDesktop,
    vault: startVault,
    keeper: () => new DeviceKeeper({ clock: wallClock, media: navigator.mediaDevices, storage: pageStorage() }),
    media: (parts) => new MediaLine(parts),
    missing: () => Object.keys(wanted).filter((name) => wanted[name]?.() === false),
  }
}
