/** A firewall in the network namespace of the journeys: it takes UDP away from browsers, and leaves it to the relay. */
import { execFileSync } from 'node:child_process'

/** mayBlock is false where the journeys share the machine's own network, whose rules are nobody's to change. */
export const mayBlock = Boolean(process.env['E2E_OWN_NETWORK'])

/**
 * blockUdp drops, on arrival, every datagram to and from a media port that is not from the media address to itself: what the
 * server's own relay sends stays there, what browsers send comes from another address. lift ends it and gives how many were dropped.
 */
export function blockUdp(media: string): { lift(): number } {
  if (!mayBlock) throw new Error('only in a network namespace of the journeys')
  const [ip, port] = media.split(':') as [string, string]
  const rules = `
    table inet journey {
      chain arriving {
        type filter hook input priority 0; policy accept;
        udp dport ${port} ip saddr != ${ip} counter drop
        udp sport ${port} ip daddr != ${ip} counter drop
      }
    }`
  execFileSync('nft', ['-f', '-'], { input: rules })
  return {
    lift: () => {
      const said = execFileSync('nft', ['list', 'table', 'inet', 'journey']).toString()
      execFileSync('nft', ['delete', 'table', 'inet', 'journey'])
      return [...said.matchAll(/counter packets (\d+)/g)].reduce((sum, m) => sum + Number(m[1]), 0)
    },
  }
}
