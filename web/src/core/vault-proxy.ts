/** VaultProxy is the page's vault: every call goes to the crypto worker, which alone holds secrets. */
import type { Happening, Vault } from './vault'
import { VaultError } from './vault-error'
import type { FromWorker, Method } from './vault-line'

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (e: VaultError) => void
}

export class VaultProxy implements Vault {
  readonly worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #watchers = new Set<(h: Happening) => void>()
  #last = 0

  constructor(worker: Worker) {
    this.worker = worker
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      this.#take(data)
    })
    worker.addEventListener('error', () => {
      this.#waiting.forEach((w) => {
        w.reject(new VaultError('internal', 'the crypto worker stopped'))
      })
      this.#waiting.clear()
    })
  }

  #take(data: FromWorker): void {
    if ('happening' in data) {
      this.#watchers.forEach((happened) => {
        happened(data.happening)
      })
      return
    }
    const waiting = this.#waiting.get(data.id)
    this.#waiting.delete(data.id)
    if ('failure' in data) waiting?.reject(new VaultError(data.failure.code, data.failure.detail))
    else waiting?.resolve(data.result as never)
  }

  #ask<M extends Method>(method: M, ...args: Parameters<Vault[M]>): ReturnType<Vault[M]> {
    const id = ++this.#last
    const answer = new Promise<never>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.worker.postMessage({ id, method, args })
    })
    return answer as unknown as ReturnType<Vault[M]>
  }

  watch(happened: (h: Happening) => void): () => void {
    this.#watchers.add(happened)
    return () => this.#watchers.delete(happened)
  }

  make: Vault['make'] = (...a) => this.#ask('make', ...a)
  begin: Vault['begin'] = (...a) => this.#ask('begin', ...a)
  useCode: Vault['useCode'] = (...a) => this.#ask('useCode', ...a)
  keep: Vault['keep'] = () => this.#ask('keep')
  openBooking: Vault['openBooking'] = (...a) => this.#ask('openBooking', ...a)
  knock: Vault['knock'] = (...a) => this.#ask('knock', ...a)
  enterAsHost: Vault['enterAsHost'] = (...a) => this.#ask('enterAsHost', ...a)
  openGroup: Vault['openGroup'] = (...a) => this.#ask('openGroup', ...a)
  take: Vault['take'] = (...a) => this.#ask('take', ...a)
  resume: Vault['resume'] = (...a) => this.#ask('resume', ...a)
  rejoin: Vault['rejoin'] = (...a) => this.#ask('rejoin', ...a)
  returning: Vault['returning'] = (...a) => this.#ask('returning', ...a)
  readKnock: Vault['readKnock'] = (...a) => this.#ask('readKnock', ...a)
  admit: Vault['admit'] = (...a) => this.#ask('admit', ...a)
  change: Vault['change'] = (...a) => this.#ask('change', ...a)
  consent: Vault['consent'] = (...a) => this.#ask('consent', ...a)
  removal: Vault['removal'] = (...a) => this.#ask('removal', ...a)
  gaveUp: Vault['gaveUp'] = (...a) => this.#ask('gaveUp', ...a)
  leaving: Vault['leaving'] = () => this.#ask('leaving')
  ending: Vault['ending'] = () => this.#ask('ending')
  carryOut: Vault['carryOut'] = (...a) => this.#ask('carryOut', ...a)
  ordered: Vault['ordered'] = (...a) => this.#ask('ordered', ...a)
  reopened: Vault['reopened'] = (...a) => this.#ask('reopened', ...a)
  mayRegroup: Vault['mayRegroup'] = (...a) => this.#ask('mayRegroup', ...a)
  join: Vault['join'] = (...a) => this.#ask('join', ...a)
  hear: Vault['hear'] = (...a) => this.#ask('hear', ...a)
  say: Vault['say'] = (...a) => this.#ask('say', ...a)
  amend: Vault['amend'] = (...a) => this.#ask('amend', ...a)
  react: Vault['react'] = (...a) => this.#ask('react', ...a)
  hand: Vault['hand'] = (...a) => this.#ask('hand', ...a)
  devices: Vault['devices'] = (...a) => this.#ask('devices', ...a)
  checkEnd: Vault['checkEnd'] = (...a) => this.#ask('checkEnd', ...a)
  checkRemoval: Vault['checkRemoval'] = (...a) => this.#ask('checkRemoval', ...a)
  slots: Vault['slots'] = (...a) => this.#ask('slots', ...a)
  wipe: Vault['wipe'] = () => this.#ask('wipe')
}
