/** Four short chimes, made on the spot: no file, no request. Where the browser keeps sound off they stay silent. */

let context: AudioContext | null = null

function play(notes: readonly number[]): void {
  context ??= new AudioContext()
  const start = context.currentTime
  notes.forEach((frequency, i) => {
    if (context === null) return
    const tone = new OscillatorNode(context, { type: 'sine', frequency })
    const volume = new GainNode(context, { gain: 0 })
    const from = start + i * 0.16 // seconds between two notes
    volume.gain.setValueAtTime(0, from)
    volume.gain.linearRampToValueAtTime(0.12, from + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.6)
    tone.connect(volume).connect(context.destination)
    tone.start(from)
    tone.stop(from + 0.65)
  })
}

/** knockChime says that somebody is at the door. */
export function knockChime(): void {
  play([659, 523])
}

/** doorChime says that the door opens. */
export function doorChime(): void {
  play([523, 659, 784])
}

/** comeChime says that somebody came in. */
export function comeChime(): void {
  play([392, 523])
}

/** goChime says that somebody is gone. */
export function goChime(): void {
  play([523, 392])
}
