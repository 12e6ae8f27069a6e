/** DeviceKeeper keeps camera, microphone and speaker, what was chosen, and the person's own name on this device. */
import type { Clock } from '../clock'
import type { Keeper, Tracks } from '../conference/parts'
import { noDevices, type DeviceChoice, type Devices } from '../snapshot'
import { Watchable } from '../watchable'
import { Capture } from './capture'
import { Level } from './level'
import { Remembered } from './remembered'
import { playTone } from './tone'

const mutedFor = 30_000 // ms after which a muted microphone is let go, so that its light goes out

const pictures: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } }
const sounds: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }

export interface DeviceKeeperParts {
  readonly clock: Clock
  readonly media: MediaDevices | undefined // absent on pages that are no secure context
  readonly storage: Storage | null
}

export class DeviceKeeper implements Keeper {
  readonly devices = new Watchable<Devices>(noDevices)
  /** tracks are what may be sent: a muted microphone's track stays, silent, until the device is let go. */
  readonly tracks = new Watchable<Tracks>({ microphone: null, camera: null })
  readonly level: Level
  readonly #clock: Clock
  readonly #media: MediaDevices | undefined
  readonly #remembered: Remembered
  readonly #camera = new Capture(pictures, (constraints) => this.#open('video', constraints))
  readonly #microphone = new Capture(sounds, (constraints) => this.#open('audio', constraints))
  #muted = false
  #stopMuting: (() => void) | null = null
  #listing = 0
  readonly #replugged = (): void => {
    void this.#list()
  }

  constructor(parts: DeviceKeeperParts) {
    this.#clock = parts.clock
    this.#media = parts.media
    this.#remembered = new Remembered(parts.storage)
    this.level = new Level(parts.clock)
    this.#camera.state.watch(() => {
      this.#show()
    })
    this.#microphone.state.watch(() => {
      // Who is muted does not miss a microphone that went away; the next word asks for one again.
      if (this.#muted && this.#microphone.state.get().trouble !== null) this.#letGo()
      else this.#show()
    })
    this.#media?.addEventListener('devicechange', this.#replugged)
    this.#show()
    void this.#list()
  }

  get name(): string {
    return this.#remembered.get().name
  }

  remember(name: string): void {
    this.#remembered.set({ name })
  }

  /** setCamera off stops the device at once. */
  setCamera(on: boolean): void {
    if (!on) this.#camera.stop()
    else if (!this.#camera.state.get().on) void this.#start(this.#camera, this.#remembered.get().camera)
  }

  /** setMicrophone off sends silence at once; the device is let go after half a minute, for the quick word in between. */
  setMicrophone(on: boolean): void {
    const { on: open, track } = this.#microphone.state.get()
    this.#unmute()
    if (!on && track === null) {
      this.#microphone.stop()
    } else if (!on) {
      this.#mute()
    } else if (!open) {
      void this.#start(this.#microphone, this.#remembered.get().microphone)
    }
    this.#show()
  }

  chooseCamera(id: string): void {
    this.#remembered.set({ camera: id })
    this.#show()
    if (this.#camera.state.get().on) void this.#start(this.#camera, id)
  }

  chooseMicrophone(id: string): void {
    this.#remembered.set({ microphone: id })
    this.#show()
    if (this.#muted)
      this.#letGo() // the next word comes from the new one
    else if (this.#microphone.state.get().on) void this.#start(this.#microphone, id)
  }

  chooseSpeaker(id: string): void {
    this.#remembered.set({ speaker: id })
    this.#show()
  }

  /** refresh tries again what a person wanted and did not get. */
  refresh(): void {
    const { camera, microphone } = this.#remembered.get()
    if (this.#camera.state.get().trouble !== null) void this.#start(this.#camera, camera)
    if (this.#microphone.state.get().trouble !== null) void this.#start(this.#microphone, microphone)
    void this.#list()
  }

  playSpeakerTest(): void {
    void playTone(this.devices.get().speaker)
  }

  /** close lets every device go for good. */
  close(): void {
    this.#media?.removeEventListener('devicechange', this.#replugged)
    this.#listing++
    this.#camera.stop()
    this.#letGo()
  }

  #mute(): void {
    this.#muted = true
    this.#stopMuting = this.#clock.after(mutedFor, () => {
      this.#letGo()
    })
  }

  #unmute(): void {
    this.#muted = false
    this.#stopMuting?.()
    this.#stopMuting = null
  }

  #letGo(): void {
    this.#unmute()
    this.#microphone.stop()
  }

  async #start(capture: Capture, id: string): Promise<void> {
    await capture.start(id)
    await this.#list() // names and ids of devices are known once one was allowed
  }

  async #open(kind: 'audio' | 'video', constraints: MediaTrackConstraints): Promise<MediaStreamTrack> {
    if (this.#media === undefined) throw new Error('no secure context')
    const [track] = (await this.#media.getUserMedia({ [kind]: constraints })).getTracks()
    if (track === undefined) throw new DOMException('no track', 'NotFoundError')
    return track
  }

  async #list(): Promise<void> {
    const turn = ++this.#listing
    const found = await this.#media?.enumerateDevices().catch(() => null)
    if (turn !== this.#listing || found === null || found === undefined) return
    const canChoose = 'setSinkId' in HTMLMediaElement.prototype
    this.devices.set({
      ...this.devices.get(),
      cameras: choices(found, 'videoinput'),
      microphones: choices(found, 'audioinput'),
      speakers: canChoose ? choices(found, 'audiooutput') : [],
    })
    this.#show()
  }

  #show(): void {
    const before = this.devices.get()
    const [camera, microphone] = [this.#camera.state.get(), this.#microphone.state.get()]
    const microphoneOn = microphone.on && !this.#muted
    if (microphone.track !== null) microphone.track.enabled = microphoneOn
    this.devices.set({
      ...before,
      ...this.#chosen(),
      cameraOn: camera.on,
      microphoneOn,
      cameraTrouble: camera.trouble,
      microphoneTrouble: microphone.trouble,
      preview: previewOf(camera.track, before.preview),
    })
    this.level.listen(microphoneOn ? microphone.track : null)
    const sent = this.tracks.get()
    if (sent.camera !== camera.track || sent.microphone !== microphone.track) {
      this.tracks.set({ camera: camera.track, microphone: microphone.track })
    }
  }

  /** chosen shows the default where a chosen device is not there just now; it stays remembered. */
  #chosen(): Pick<Devices, 'camera' | 'microphone' | 'speaker'> {
    const { cameras, microphones, speakers } = this.devices.get()
    const { camera, microphone, speaker } = this.#remembered.get()
    const present = (list: readonly DeviceChoice[], id: string): string => (list.some((d) => d.id === id) ? id : '')
    return {
      camera: present(cameras, camera),
      microphone: present(microphones, microphone),
      speaker: present(speakers, speaker),
    }
  }
}

/** choices leaves out devices that the browser does not name yet, and its own names for the default, which is ''. */
function choices(found: readonly MediaDeviceInfo[], kind: MediaDeviceKind): DeviceChoice[] {
  return found
    .filter((d) => d.kind === kind && d.deviceId !== '' && d.deviceId !== 'default' && d.deviceId !== 'communications')
    .map((d) => ({ id: d.deviceId, label: d.label }))
}

function previewOf(track: MediaStreamTrack | null, before: MediaStream | null): MediaStream | null {
  if (track === null) return null
  return before?.getTracks()[0] === track ? before : new MediaStream([track])
}
