import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HandTime, settle } from '../testkit/time'
import { FakeMedia, FakeSound, FakeStorage, useDevices, type FakeTrack } from '../testkit/devices'
import { DeviceKeeper } from './keeper'

let media: FakeMedia
let storage: FakeStorage
let time: HandTime
let sound: FakeSound
let keeper: DeviceKeeper

function make(with_: { media?: FakeMedia | null; storage?: FakeStorage | null } = {}): DeviceKeeper {
  const devices = with_.media === undefined ? media : (with_.media ?? undefined)
  const kept = with_.storage === undefined ? storage : with_.storage
  return new DeviceKeeper({
    clock: time,
    media: devices as unknown as MediaDevices | undefined,
    storage: kept as unknown as Storage | null,
  })
}

beforeEach(async () => {
  useDevices(true)
  media = new FakeMedia()
  storage = new FakeStorage()
  time = new HandTime()
  sound = new FakeSound()
  sound.use()
  keeper = make()
  await settle()
})
afterEach(() => {
  keeper.close()
  expect(media.live).toEqual([])
  vi.unstubAllGlobals()
})

const shown = () => keeper.devices.get()
const newest = (): FakeTrack => media.tracks.at(-1) ?? expect.fail('no track')

describe('what is there', () => {
  it('lists devices without asking for any', () => {
    expect(shown()).toMatchObject({
      cameras: [
        { id: 'cam1', label: 'Camera one' },
        { id: 'cam2', label: 'Camera two' },
      ],
      microphones: [
        { id: 'mic1', label: 'Microphone one' },
        { id: 'mic2', label: 'Microphone two' },
      ],
      speakers: [{ id: 'out1', label: 'Speaker' }],
      cameraOn: false,
      microphoneOn: false,
      preview: null,
    })
    expect(media.asked).toEqual([])
  })

  it('follows what is plugged in and out, and turns nothing on by itself', async () => {
    media.replug([{ kind: 'videoinput', deviceId: 'cam9', label: 'New' }])
    await settle()
    expect(shown()).toMatchObject({ cameras: [{ id: 'cam9' }], microphones: [], speakers: [] })
    expect(media.asked).toEqual([])
    keeper.close()
    media.replug([])
    await settle()
    expect(shown().cameras).toHaveLength(1)
  })

  it('names no speaker where the browser cannot choose, and no device before it may', async () => {
    useDevices(false)
    media.replug([
      { kind: 'videoinput', deviceId: '', label: '' },
      { kind: 'audiooutput', deviceId: 'out1', label: 'Speaker' },
    ])
    await settle()
    expect(shown()).toMatchObject({ cameras: [], speakers: [] })
  })
})

describe('the camera', () => {
  it('is asked for in 720p when turned on, and stopped when turned off', async () => {
    keeper.setCamera(true)
    expect(shown().cameraOn).toBe(true)
    await settle()
    expect(media.asked).toEqual([
      { video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } } },
    ])
    expect(keeper.tracks.get().camera).toBe(newest())
    expect(shown().preview?.getTracks()).toEqual([newest()])
    keeper.setCamera(false)
    expect(media.live).toEqual([])
    expect(keeper.tracks.get().camera).toBeNull()
    expect(shown()).toMatchObject({ cameraOn: false, preview: null, cameraTrouble: null })
  })

  it('is let go when turned off before the browser answered', async () => {
    let allow: (() => void) | undefined
    media.gate = new Promise((resolve) => {
      allow = resolve
    })
    keeper.setCamera(true)
    await settle()
    keeper.setCamera(false)
    allow?.()
    await settle()
    expect(media.tracks).toHaveLength(1)
    expect(media.live).toEqual([])
    expect(shown().cameraOn).toBe(false)
  })

  it('is asked for once, however often it is turned on', async () => {
    keeper.setCamera(true)
    keeper.setCamera(true)
    await settle()
    keeper.setCamera(true)
    await settle()
    expect(media.asked).toHaveLength(1)
  })

  it('changes at once when another is chosen', async () => {
    keeper.setCamera(true)
    await settle()
    keeper.chooseCamera('cam2')
    await settle()
    expect(media.live).toEqual(['cam2'])
    expect(shown()).toMatchObject({ camera: 'cam2', cameraOn: true })
    expect(keeper.tracks.get().camera).toBe(newest())
  })

  it('stays off when it is chosen while off', async () => {
    keeper.chooseCamera('cam2')
    await settle()
    expect(media.asked).toEqual([])
    keeper.setCamera(true)
    await settle()
    expect(media.live).toEqual(['cam2'])
  })

  it('is another one when the chosen one is not there', async () => {
    keeper.chooseCamera('cam7')
    keeper.setCamera(true)
    await settle()
    expect(media.live).toEqual(['cam1'])
    expect(shown().camera).toBe('')
  })

  it('that is unplugged is lost, and no other starts for it', async () => {
    keeper.setCamera(true)
    await settle()
    newest().unplug()
    await settle()
    expect(shown()).toMatchObject({ cameraOn: false, cameraTrouble: 'lost', preview: null })
    expect(keeper.tracks.get().camera).toBeNull()
    expect(media.asked).toHaveLength(1)
  })

  it.each([
    ['NotAllowedError', 'blocked'],
    ['SecurityError', 'blocked'],
    ['NotFoundError', 'none'],
    ['OverconstrainedError', 'none'],
    ['NotReadableError', 'busy'],
    ['AbortError', 'failed'],
  ])('shows %s as %s, and tries again when asked to', async (name, trouble) => {
    media.refuses = name
    keeper.setCamera(true)
    await settle()
    expect(shown()).toMatchObject({ cameraOn: false, cameraTrouble: trouble, microphoneTrouble: null })
    media.refuses = null
    keeper.refresh()
    await settle()
    expect(shown()).toMatchObject({ cameraOn: true, cameraTrouble: null })
    expect(media.live).toEqual(['cam1'])
  })

  it('fails on a page that may not ask', async () => {
    keeper = make({ media: null })
    keeper.setCamera(true)
    await settle()
    expect(shown()).toMatchObject({ cameraOn: false, cameraTrouble: 'failed' })
  })
})

describe('the microphone', () => {
  beforeEach(async () => {
    keeper.setMicrophone(true)
    await settle()
  })

  it('is asked for with echo, noise and gain taken care of', () => {
    expect(media.asked).toEqual([{ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } }])
    expect(keeper.tracks.get().microphone).toBe(newest())
    expect(newest().enabled).toBe(true)
  })

  it('is silent at once when muted, and let go after half a minute', async () => {
    const track = newest()
    keeper.setMicrophone(false)
    expect(track.enabled).toBe(false)
    expect(shown().microphoneOn).toBe(false)
    expect(keeper.tracks.get().microphone).toBe(track)
    await time.move(29_999)
    expect(media.live).toEqual(['mic1'])
    await time.move(1)
    expect(media.live).toEqual([])
    expect(keeper.tracks.get().microphone).toBeNull()
    expect(shown()).toMatchObject({ microphoneOn: false, microphoneTrouble: null })
    keeper.setMicrophone(true)
    await settle()
    expect(newest()).toMatchObject({ enabled: true, readyState: 'live' })
    expect(newest()).not.toBe(track)
  })

  it('speaks again at once when unmuted in time', async () => {
    keeper.setMicrophone(false)
    await time.move(20_000)
    keeper.setMicrophone(true)
    expect(newest().enabled).toBe(true)
    await time.move(60_000)
    expect(media.live).toEqual(['mic1'])
    expect(media.asked).toHaveLength(1)
  })

  it('does not speak when another is chosen while muted', async () => {
    keeper.setMicrophone(false)
    keeper.chooseMicrophone('mic2')
    await settle()
    expect(media.live).toEqual([])
    keeper.setMicrophone(true)
    await settle()
    expect(media.live).toEqual(['mic2'])
  })

  it('is lost when unplugged, but nobody who is muted hears of it', async () => {
    newest().unplug()
    expect(shown()).toMatchObject({ microphoneOn: false, microphoneTrouble: 'lost' })
    keeper.refresh()
    await settle()
    keeper.setMicrophone(false)
    newest().unplug()
    keeper.refresh()
    await settle()
    expect(shown()).toMatchObject({ microphoneOn: false, microphoneTrouble: null })
    expect(media.live).toEqual([])
    expect(time.waiting).toBe(0)
  })

  it('shows its level while somebody looks, and none while muted', async () => {
    const levels: number[] = []
    expect(sound.open).toBe(0)
    const stop = keeper.level.watch((level) => levels.push(level))
    sound.sample = 1
    await time.move(80)
    expect(levels.at(-1)).toBe(1)
    sound.sample = 0.001 // -60 dBFS
    await time.move(80)
    expect(levels.at(-1)).toBeCloseTo(0)
    sound.sample = 0
    await time.move(80)
    expect(levels.at(-1)).toBe(0)
    keeper.setMicrophone(false)
    expect(sound.open).toBe(0)
    keeper.setMicrophone(true)
    expect(sound.open).toBe(1)
    stop()
    expect(sound.open).toBe(0)
    expect(time.waiting).toBe(0)
  })
})

describe('what is remembered', () => {
  it('is the name and the choices, never what was on', async () => {
    keeper.remember('Asha')
    keeper.setCamera(true)
    keeper.setMicrophone(true)
    keeper.chooseCamera('cam2')
    keeper.chooseMicrophone('mic2')
    keeper.chooseSpeaker('out1')
    await settle()
    keeper.close()
    expect([...storage.kept.values()].map((v) => JSON.parse(v) as unknown)).toEqual([
      { name: 'Asha', camera: 'cam2', microphone: 'mic2', speaker: 'out1' },
    ])
    keeper = make()
    await settle()
    expect(keeper.name).toBe('Asha')
    const chosen = { camera: 'cam2', microphone: 'mic2', speaker: 'out1' }
    expect(shown()).toMatchObject({ ...chosen, cameraOn: false, microphoneOn: false })
  })

  it('is forgotten with the page where storage is refused', () => {
    storage.refuses = true
    for (const kept of [storage, null]) {
      keeper = make({ storage: kept })
      keeper.remember('Asha')
      expect(keeper.name).toBe('Asha')
    }
  })

  it.each(['{', 'null', '[]', '{"name":1,"camera":{}}'])('is nothing when %s was found', (found) => {
    storage.kept.set('incamera.choices', found)
    expect(make().name).toBe('')
  })
})

it('plays two notes on the chosen speaker, and lets it go', async () => {
  keeper.chooseSpeaker('out1')
  keeper.playSpeakerTest()
  await settle()
  expect(sound.speakers).toEqual(['out1'])
  expect(sound.oscillators).toHaveLength(2)
  expect(sound.open).toBe(0)
})
