import { beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../clock'
import type { Link } from '../snapshot'
import type { Push } from '../wire.gen'
import { Line, Refusal, type Caller, type Greeter, type Network, type Socket } from './line'

class HandClock implements Clock {
  #now = 0
  #timers: { at: number; call: () => void }[] = []
  now(): number {
    return this.#now
  }
  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer)
    }
  }
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const next = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#timers = this.#timers.filter((t) => t !== next)
      this.#now = next.at
      next.call()
      await settle()
    }
    this.#now = end
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

/** FakeSocket is the server's end, too. */
class FakeSocket implements Socket {
  onopen: Socket['onopen'] = null
  onmessage: Socket['onmessage'] = null
  onclose: Socket['onclose'] = null
  sent: { type: string; id?: number; [field: string]: unknown }[] = []
  closed = false
  send(text: string): void {
    this.sent.push(JSON.parse(text) as FakeSocket['sent'][number])
  }
  close(): void {
    this.closed = true
  }
  async accept(): Promise<void> {
    this.onopen?.(new Event('open'))
    await settle()
  }
  async say(message: object): Promise<void> {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent)
    await settle()
  }
  async breaks(): Promise<void> {
    this.onclose?.(new Event('close') as CloseEvent)
    await settle()
  }
  get last(): FakeSocket['sent'][number] {
    const last = this.sent.at(-1)
    if (!last) throw new Error('nothing was sent')
    return last
  }
}

class FakeCaller implements Caller {
  pushes: Push[] = []
  links: Link[] = []
  end = ''
  latest: number[] = []
  async greet(hello: Greeter): Promise<void> {
    this.latest.push(hello.latest)
    await hello.ask({ type: 'hello', version: 1, meeting: 'm' })
  }
  push(push: Push): void {
    this.pushes.push(push)
  }
  changed(link: Link): void {
    this.links.push(link)
  }
  hungUp(code: string): void {
    this.end = code
  }
}

let clock: HandClock
let sockets: FakeSocket[]
let caller: FakeCaller
let line: Line
let back: () => void

beforeEach(() => {
  clock = new HandClock()
  sockets = []
  caller = new FakeCaller()
  const network: Network = {
    connect: () => {
      const socket = new FakeSocket()
      sockets.push(socket)
      return socket
    },
    whenBack: (call) => {
      back = call
      return () => undefined
    },
    chance: () => 1,
  }
  line = new Line('ws://x/signal', caller, network, clock)
  line.open()
})

function socket(i: number): FakeSocket {
  const s = sockets[i]
  if (!s) throw new Error(`no socket ${String(i)}`)
  return s
}

/** greeted brings the i-th socket through hello. */
async function greeted(i: number): Promise<FakeSocket> {
  const s = socket(i)
  await s.accept()
  await s.say({ type: 'ok', id: s.last.id })
  return s
}

describe('a line', () => {
  test('sends nothing before it has greeted, then everything in its order', async () => {
    void line.ask({ type: 'stay' })
    void line.ask({ type: 'withdraw' })
    const s = socket(0)
    await s.accept()
    expect(s.sent.map((m) => m.type)).toEqual(['hello'])
    await s.say({ type: 'ok', id: s.last.id })
    expect(s.sent.map((m) => m.type)).toEqual(['hello', 'stay', 'withdraw'])
    expect(caller.links).toEqual(['connecting', 'connected'])
  })

  test('gives each answer to its own request', async () => {
    const s = await greeted(0)
    const stay = line.ask({ type: 'stay' })
    const leave = line.ask({ type: 'leave', statement: '' })
    const [a, b] = s.sent.slice(-2)
    await s.say({ type: 'fault', id: b?.id, code: 'message_order' })
    await s.say({ type: 'ok', id: a?.id })
    await expect(stay).resolves.toMatchObject({ type: 'ok' })
    await expect(leave).rejects.toEqual(new Refusal('message_order'))
  })

  test.each(['line_closed', 'line_broken'])('takes %s from no server: who is refused must hear of it', async (code) => {
    const s = await greeted(0)
    const stay = line.ask({ type: 'stay' })
    await s.say({ type: 'fault', id: s.last.id, code })
    await expect(stay).rejects.toEqual(new Refusal('internal'))
  })

  test('asks again after a break with the same number what was not answered, and that only', async () => {
    const first = await greeted(0)
    const stay = line.ask({ type: 'stay' })
    const { id } = first.last
    const done = line.ask({ type: 'withdraw' })
    await first.say({ type: 'ok', id: first.last.id })
    await done
    await first.breaks()
    expect(caller.links.at(-1)).toBe('reconnecting')
    await clock.pass(200)
    const second = await greeted(1)
    expect(second.sent.map((m) => m.type)).toEqual(['hello', 'stay'])
    expect(second.last.id).toBe(id)
    await second.say({ type: 'ok', id })
    await expect(stay).resolves.toMatchObject({ type: 'ok' })
  })

  test('sends a proof on one socket only, and only once that has greeted', async () => {
    await expect(line.here().ask({ type: 'stay' })).rejects.toEqual(new Refusal('line_broken'))
    const first = await greeted(0)
    const proof = line.here().ask({ type: 'stay' })
    expect(first.last.type).toBe('stay')
    await first.breaks()
    await expect(proof).rejects.toEqual(new Refusal('line_broken'))
    await clock.pass(200)
    expect((await greeted(1)).sent.map((m) => m.type)).toEqual(['hello'])
  })

  test('hands on each push once and tells the latest when it comes back', async () => {
    const first = await greeted(0)
    await first.say({ type: 'waiting', seq: 1, open: true })
    await first.say({ type: 'waiting', seq: 2, open: false })
    await first.say({ type: 'waiting', seq: 2, open: false })
    await first.breaks()
    await clock.pass(200)
    const second = await greeted(1)
    await second.say({ type: 'waiting', seq: 2, open: false })
    await second.say({ type: 'waiting', seq: 3, open: true })
    expect(caller.pushes.map((p) => ('seq' in p ? p.seq : 0))).toEqual([1, 2, 3])
    expect(caller.latest).toEqual([0, 2])
  })

  test('counts a new seat from its start', async () => {
    const s = await greeted(0)
    await s.say({ type: 'presence', seq: 9, participant: 'p', connected: true })
    await s.say({ type: 'admitted', seq: 1, epoch: 1, welcome: '', tree: '', admission: '', ticket: '' })
    await s.say({ type: 'presence', seq: 2, participant: 'p', connected: true })
    expect(caller.pushes).toHaveLength(3)
  })

  test('speaks on one socket only: what a broken one had to say is never said on the next', async () => {
    const first = await greeted(0)
    const here = line.here()
    expect(here.alive()).toBe(true)
    await first.breaks()
    await clock.pass(200)
    const second = await greeted(1)
    await second.say({ type: 'presence', seq: 4, participant: 'p', connected: true })
    expect(here.alive()).toBe(false)
    await expect(here.ask({ type: 'stay' })).rejects.toEqual(new Refusal('line_broken'))
    here.reseat()
    here.renew()
    expect(here.latest).toBe(4)
    expect(second.sent.map((m) => m.type)).toEqual(['hello'])
    expect(second.closed).toBe(false)
  })

  test('on a new seat asks again only what survives, with new numbers in the old order', async () => {
    const s = await greeted(0)
    const stay = line.ask({ type: 'stay' })
    const before = [s.last.id ?? 0]
    void line.ask({ type: 'leave', statement: 'a' })
    void line.ask({ type: 'leave', statement: 'b' })
    await s.say({ type: 'presence', seq: 9, participant: 'p', connected: true })
    line.here().reseat((type) => type === 'leave')
    await expect(stay).rejects.toEqual(new Refusal('seat_unknown'))
    const again = s.sent.slice(-2)
    expect(again.map((m) => m['statement'])).toEqual(['a', 'b'])
    expect(again.every((m) => (m.id ?? 0) > (before[0] ?? 0) + 2)).toBe(true)
    await s.say({ type: 'presence', seq: 1, participant: 'p', connected: true })
    expect(caller.pushes).toHaveLength(2)
  })

  test('forgets a seat that the server took back', async () => {
    const s = await greeted(0)
    const asked = line.ask({ type: 'stay' })
    await s.say({ type: 'regroup', seq: 7, challenge: '', policy: '' })
    await expect(asked).rejects.toEqual(new Refusal('seat_unknown'))
    await s.say({ type: 'waiting', seq: 1, open: true })
    expect(caller.pushes.map((p) => p.type)).toEqual(['regroup', 'waiting'])
  })

  test('gives a greeting as long as the server answers', async () => {
    let asked = 0
    caller.greet = async (hello) => {
      while (asked++ < 5) await hello.ask({ type: 'hello', version: 1, meeting: 'm' }).catch(() => undefined)
    }
    const s = socket(0)
    await s.accept()
    for (let i = 0; i < 4; i++) {
      await clock.pass(7_000)
      await s.say({ type: 'fault', id: s.last.id, code: 'group_unknown' })
    }
    expect(s.closed).toBe(false)
    await clock.pass(8_000)
    expect(s.closed).toBe(true)
  })

  test('leaves a server that closes down at once', async () => {
    const s = await greeted(0)
    await s.say({ type: 'fault', code: 'server_closing' })
    expect(s.closed).toBe(true)
    await clock.pass(200)
    expect(sockets).toHaveLength(2)
    expect(caller.pushes).toEqual([])
  })

  test('notices within two seconds of a ping that nobody is there', async () => {
    const s = await greeted(0)
    await clock.pass(5_000)
    expect(s.last.type).toBe('ping')
    await s.say({ type: 'pong' })
    await clock.pass(5_000)
    expect(s.sent.filter((m) => m.type === 'ping')).toHaveLength(2)
    await clock.pass(1_999)
    expect(caller.links.at(-1)).toBe('connected')
    await clock.pass(1)
    expect(caller.links.at(-1)).toBe('reconnecting')
    expect(s.closed).toBe(true)
  })

  test('tries again after 0.2 s, twice as long each time, five seconds at the most, and at once when the network is back', async () => {
    await socket(0).breaks()
    for (const [i, wait] of [200, 400, 800, 1_600, 3_200, 5_000, 5_000].entries()) {
      await clock.pass(wait - 1)
      expect(sockets).toHaveLength(i + 1)
      await clock.pass(1)
      expect(sockets).toHaveLength(i + 2)
      await socket(i + 1).breaks()
    }
    const before = sockets.length
    back()
    expect(sockets).toHaveLength(before + 1)
    back()
    expect(sockets).toHaveLength(before + 1)
  })

  test('gives up a socket that does not greet in eight seconds', async () => {
    await socket(0).accept()
    await clock.pass(8_000)
    expect(socket(0).closed).toBe(true)
    await clock.pass(200)
    expect(sockets).toHaveLength(2)
  })

  test('hangs up for good when the greeting is refused, but not for a passing reason', async () => {
    await socket(0).accept()
    await socket(0).say({ type: 'fault', id: socket(0).last.id, code: 'server_closing' })
    expect(caller.end).toBe('')
    await clock.pass(200)
    await socket(1).accept()
    const asked = line.ask({ type: 'stay' })
    await socket(1).say({ type: 'fault', id: socket(1).last.id, code: 'meeting_unknown' })
    expect(caller.end).toBe('meeting_unknown')
    await expect(asked).rejects.toEqual(new Refusal('line_closed'))
    await clock.pass(60_000)
    expect(sockets).toHaveLength(2)
  })

  test('keeps no more than a bounded number of requests', async () => {
    const asked = Array.from({ length: 513 }, () => line.ask({ type: 'stay' }).catch((e: unknown) => e))
    await expect(asked[512]).resolves.toEqual(new Refusal('message_flood'))
    line.close()
    await expect(asked[0]).resolves.toEqual(new Refusal('line_closed'))
  })

  test('refuses by itself what the server would refuse as too large', async () => {
    await greeted(0)
    const message = 'A'.repeat(512 << 10)
    await expect(line.ask({ type: 'app', epoch: 1, message, fleeting: false, to: [] })).rejects.toEqual(
      new Refusal('message_large'),
    )
  })

  test('is silent once closed', async () => {
    const s = await greeted(0)
    line.close()
    await s.say({ type: 'waiting', seq: 1, open: true })
    await clock.pass(60_000)
    expect(caller.pushes).toEqual([])
    expect(sockets).toHaveLength(1)
    await expect(line.ask({ type: 'stay' })).rejects.toEqual(new Refusal('line_closed'))
  })
})
