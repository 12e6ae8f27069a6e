/**
 * probe is put into every page before its own scripts. It keeps hold of the peer connections, which the page
 * shows to nobody, and notes what the page's policy refused.
 */
export function probe(): void {
  const held: RTCPeerConnection[] = []
  const refused: string[] = []
  const Own = globalThis.RTCPeerConnection
  const Held = new Proxy(Own, {
    construct(target, args, as) {
      const made = Reflect.construct(target, args, as) as RTCPeerConnection
      held.push(made)
      return made
    },
  })
  Object.defineProperty(globalThis, 'RTCPeerConnection', { value: Held, configurable: true, writable: true })
  addEventListener('securitypolicyviolation', (e) =>
    refused.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`),
  )
  Object.assign(globalThis, { probe: { held, refused } })
}

export interface Probe {
  readonly held: RTCPeerConnection[]
  readonly refused: string[]
}

/** Received is what the page's connections took in so far. */
export interface Received {
  readonly framesDecoded: number
  readonly audioPackets: number
  readonly transportBytes: number
}

/** received adds up the statistics of all connections; it runs in the page. */
export async function received(): Promise<Received> {
  const { held } = (globalThis as unknown as { probe: Probe }).probe
  let [framesDecoded, audioPackets, transportBytes] = [0, 0, 0]
  for (const pc of held) {
    for (const s of (await pc.getStats()).values() as Iterable<Record<string, unknown>>) {
      if (s['type'] === 'transport') transportBytes += Number(s['bytesReceived'] ?? 0)
      if (s['type'] !== 'inbound-rtp') continue
      if (s['kind'] === 'video') framesDecoded += Number(s['framesDecoded'] ?? 0)
      else audioPackets += Number(s['packetsReceived'] ?? 0)
    }
  }
  return { framesDecoded, audioPackets, transportBytes }
}

/** Route is the way that a connection's packets take: host, srflx, prflx or relay, and over what the relay is reached. */
export interface Route {
  readonly type: string
  readonly relayProtocol: string
}

/** routes gives the way of each connection that stands; it runs in the page. */
export async function routes(): Promise<Route[]> {
  const { held } = (globalThis as unknown as { probe: Probe }).probe
  const found: Route[] = []
  for (const pc of held.filter((c) => c.connectionState === 'connected')) {
    const stats = [...((await pc.getStats()).values() as Iterable<Record<string, unknown>>)]
    const byId = (id: unknown) => stats.find((s) => s['id'] === id)
    for (const transport of stats.filter((s) => s['type'] === 'transport')) {
      const local = byId(byId(transport['selectedCandidatePairId'])?.['localCandidateId'])
      if (local === undefined) continue
      found.push({ type: String(local['candidateType']), relayProtocol: String(local['relayProtocol'] ?? '') })
    }
  }
  return found
}

/** Picture is what a tile's video shows just now. */
export interface Picture {
  readonly width: number
  readonly print: string // a sample of 16×16 colours, coarsely: another one means that the picture moved
  readonly brightest: number // 0…255
}

/** picture samples the video in the tile of that name; it runs in the page. */
export function picture(name: string): Picture | null {
  const tile = [...document.querySelectorAll('[role=group]')].find((g) => g.getAttribute('aria-label') === name)
  const video = tile?.querySelector('video')
  if (!video || video.videoWidth === 0) return null
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 16
  const brush = canvas.getContext('2d')
  if (!brush) return null
  brush.drawImage(video, 0, 0, 16, 16)
  const bytes = brush.getImageData(0, 0, 16, 16).data
  const seen: number[] = []
  let brightest = 0
  for (let i = 0; i < bytes.length; i += 4) {
    const [r = 0, g = 0, b = 0] = bytes.subarray(i, i + 3)
    seen.push(((r >> 4) << 8) | ((g >> 4) << 4) | (b >> 4))
    brightest = Math.max(brightest, r, g, b)
  }
  return { width: video.videoWidth, print: seen.join(), brightest }
}
