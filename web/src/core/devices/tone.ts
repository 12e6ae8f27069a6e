/** A short sound on the chosen speaker, so that a person hears whether it works. */

const notes = [523.25, 659.26] // Hz: C5, E5
const length = 0.45 // seconds for each
const loud = 0.2

/**
 * playTone plays on the speaker with this id, or on the default for '' and where the browser cannot choose. It goes through an
 * audio element because more browsers let that one choose its speaker than an AudioContext. It does not reject.
 */
export async function playTone(speaker: string): Promise<void> {
  const context = new AudioContext()
  try {
    const out = context.createMediaStreamDestination()
    const element = new Audio()
    element.srcObject = out.stream
    if (speaker !== '' && 'setSinkId' in element) await element.setSinkId(speaker)
    await context.resume()
    await element.play()
    await chime(context, out)
    element.srcObject = null
  } catch {
    // The speaker is gone or the browser wants a click first; the silence says so.
  } finally {
    await context.close()
  }
}

function chime(context: AudioContext, out: AudioNode): Promise<void> {
  return new Promise((resolve) => {
    notes.forEach((frequency, i) => {
      const begin = context.currentTime + 0.1 + i * length
      const tone = new OscillatorNode(context, { frequency })
      const gain = new GainNode(context, { gain: 0 })
      gain.gain.setValueAtTime(0, begin)
      gain.gain.linearRampToValueAtTime(loud, begin + 0.03) // no click
      gain.gain.linearRampToValueAtTime(0, begin + length)
      tone.connect(gain).connect(out)
      tone.start(begin)
      tone.stop(begin + length)
      if (i === notes.length - 1) {
        tone.onended = () => {
          resolve()
        }
      }
    })
  })
}
