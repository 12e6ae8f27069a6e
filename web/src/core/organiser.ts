/** openOrganiser makes meetings: the keys in the vault, the booking at the server. */
import { fromBase64, toBase64 } from './conference/base64'
import { guestLink, hostLink } from './link'
import type { Made, Organiser } from './snapshot'
import type { Vault } from './vault'
import type { CreateAnswer, FaultAnswer, NonceAnswer } from './wire.gen'
import { startVault } from './worker-url'

/** openOrganiser is the page's; parts are for tests. */
export function openOrganiser(
  parts: { origin: string; fetch: typeof fetch; vault: () => Vault } = {
    origin: location.origin,
    fetch: (...args) => fetch(...args),
    vault: startVault,
  },
): Organiser {
  return {
    async make(title) {
      const { origin } = parts
      const { nonce } = await ask<NonceAnswer>(parts.fetch, `${origin}/api/nonce`)
      const vault = parts.vault()
      try {
        const made = await vault.make(title, fromBase64(nonce))
        const body = JSON.stringify({ hostKey: toBase64(made.hostKey), booking: toBase64(made.booking) })
        const { id, expires } = await ask<CreateAnswer>(parts.fetch, `${origin}/api/meetings`, { method: 'POST', body })
        if (id !== made.meeting) throw new Error('create_bad')
        return links(origin, made, expires)
      } finally {
        vault.worker?.terminate()
      }
    },
  }
}

function links(origin: string, made: { meeting: string; code: string; seed: string }, expires: number): Made {
  return {
    hostLink: hostLink(origin, made.meeting, made.code, made.seed),
    guestLink: guestLink(origin, made.meeting, made.code),
    accessCode: made.code,
    expires,
  }
}

/** ask throws an Error whose message is a fault code. */
async function ask<T>(get: typeof fetch, address: string, init?: RequestInit): Promise<T> {
  const answer = await get(address, init).catch(() => {
    throw new Error('line_broken')
  })
  const said: unknown = await answer.json().catch(() => ({ code: 'internal' }))
  if (!answer.ok) throw new Error((said as FaultAnswer).code)
  return said as T
}
