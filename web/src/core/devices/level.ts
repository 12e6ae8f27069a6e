/** Level measures how loud the own microphone is, while somebody watches. */
import type { Clock } from '../clock'
import type { LevelSource } from '../snapshot'

const every = 80 // ms; a meter looks alive and costs next to nothing
const quietest = -60 // dBFS that shows as 0

export class Level implements LevelSource {
  readonly #clock: Clock
  readonly #watchers = new Set<(level: number) => void>()
  #track: MediaStreamTrack | null = null
  #stop: (() => void) | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  watch(changed: (level: number) => void): () => void {
    const watcher = (level: number): void => {
      changed(level)
    }
    this.#watchers.add(watcher)
    if (this.#watchers.size === 1) this.#start()
    return () => {
      if (this.#watchers.delete(watcher) && this.#watchers.size === 0) this.#end()
    }
  }

  /** listen measures this track from now on; null is silence. */
  listen(track: MediaStreamTrack | null): void {
    if (track === this.#track) return
    this.#end()
    this.#track = track
    this.#tell(0)
    if (this.#watchers.size > 0) this.#start()
  }

  #start(): void {
    if (this.#track === null) return
    try {
      this.#stop = this.#measure(this.#track)
    } catch {
      // A browser without a free sound card shows no level; everything else goes on.
    }
  }

  #measure(track: MediaStreamTrack): () => void {
    const context = new AudioContext()
    const analyser = new AnalyserNode(context, { fftSize: 1024 })
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser)
    context.resume().catch(() => undefined) // a page without a click yet: the meter waits
    const samples = new Float32Array(analyser.fftSize)
    const measure = (): void => {
      cancel = this.#clock.after(every, measure)
      analyser.getFloatTimeDomainData(samples)
      this.#tell(loudness(samples))
    }
    let cancel = this.#clock.after(every, measure)
    return () => {
      cancel()
      context.close().catch(() => undefined)
    }
  }

  #end(): void {
    this.#stop?.()
    this.#stop = null
  }

  #tell(level: number): void {
    for (const watcher of [...this.#watchers]) watcher(level)
  }
}

/** loudness maps the mean power of samples from -60…0 dBFS to 0…1, as people hear it. */
function loudness(samples: Float32Array): number {
  let power = 0
  for (const s of samples) power += s * s
  const decibels = 10 * Math.log10(power / samples.length)
  return Math.min(1, Math.max(0, 1 - decibels / quietest))
}
