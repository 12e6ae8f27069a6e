/** A drawn person as a picture that a camera could have taken. */
export interface Looks {
  readonly wall: readonly [string, string]
  readonly skin: string
  readonly hair: string
  readonly clothes: string
  readonly long: boolean
}

const looks: readonly Looks[] = [
  { wall: ['#8d9a98', '#b9c8c4'], skin: '#8a5a3c', hair: '#1e1512', clothes: '#7a3f4d', long: true },
  { wall: ['#d6c9b8', '#a39a8d'], skin: '#e8bd98', hair: '#5b3a22', clothes: '#30526e', long: false },
  { wall: ['#b3bfd1', '#8c96a3'], skin: '#f1cfb4', hair: '#b98a4b', clothes: '#4d6e4d', long: true },
  { wall: ['#c9b8a8', '#8f857a'], skin: '#5d3a28', hair: '#15100d', clothes: '#c28f3c', long: false },
  { wall: ['#bccab6', '#9aa595'], skin: '#c98f68', hair: '#5b7f88', clothes: '#3d4a54', long: true },
  { wall: ['#a9b7c4', '#7f8c99'], skin: '#d9a780', hair: '#3a2a20', clothes: '#5a5f8c', long: false },
]

function draw(canvas: HTMLCanvasElement, look: Looks): void {
  const pen = canvas.getContext('2d')
  if (pen === null) return
  const { width: w, height: h } = canvas
  const u = h / 240
  const x = w / 2
  const wall = pen.createLinearGradient(0, 0, w, h)
  wall.addColorStop(0, look.wall[0])
  wall.addColorStop(1, look.wall[1])
  pen.fillStyle = wall
  pen.fillRect(0, 0, w, h)
  const round = (left: number, top: number, width: number, height: number, radius: number, fill: string): void => {
    pen.fillStyle = fill
    pen.beginPath()
    pen.roundRect(x + left * u, top * u, width * u, height * u, radius * u)
    pen.fill()
  }
  const oval = (top: number, width: number, height: number, from: number, fill: string): void => {
    pen.fillStyle = fill
    pen.beginPath()
    pen.ellipse(x, top * u, width * u, height * u, 0, from, from + (from === 0 ? 2 : 1) * Math.PI)
    pen.fill()
  }
  if (look.long) round(-58, 46, 116, 150, 56, look.hair)
  round(-106, 182, 212, 140, 90, look.clothes)
  round(-20, 140, 40, 60, 20, look.skin)
  oval(112, 44, 56, 0, look.skin)
  oval(98, 50, 54, Math.PI, look.hair)
  pen.fillStyle = '#22201e'
  for (const side of [-1, 1]) {
    pen.beginPath()
    pen.arc(x + side * 18 * u, 116 * u, 4 * u, 0, 7)
    pen.fill()
  }
  pen.strokeStyle = '#3b1f18'
  pen.lineWidth = 4 * u
  pen.lineCap = 'round'
  pen.beginPath()
  pen.arc(x, 130 * u, 15 * u, 0.5, Math.PI - 0.5)
  pen.stroke()
}

/** portrait gives a stream of a drawn person; shape is width by height. */
export function portrait(index: number, shape = 16 / 9): MediaStream {
  const canvas = document.createElement('canvas')
  canvas.height = 480
  canvas.width = Math.round(480 * shape)
  const look = looks[index % looks.length]
  if (look !== undefined) {
    draw(canvas, look)
    setInterval(() => {
      draw(canvas, look)
    }, 100)
  }
  return canvas.captureStream(10)
}
