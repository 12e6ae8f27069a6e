import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Browser } from 'playwright-core'
import { startChromium } from '../support/chromium.ts'
import { greetEachOther, reads, seesAndHears, write } from '../support/people.ts'
import { freePort, startServer, type Server } from '../support/server.ts'
import { meet, on, type Stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

const at = {} as { server: Server; browser: Browser } satisfies Stage
const options = { port: 0, media: '' }
beforeAll(async () => {
  options.port = await freePort()
  options.media = `127.0.0.1:${await freePort()}`
  at.server = await startServer(options)
  at.browser = await startChromium()
})
afterAll(async () => {
  await at.browser.close()
  await at.server.stop()
})

for (const way of ['is restarted', 'dies and comes back'] as const) {
  test(`a server that ${way} in the middle of a meeting: the same group goes on by itself`, async () => {
    const { host, guest, leave } = await meet(at, `It ${way}`, on)
    await seesAndHears(guest, 'Asha')
    await write(host, 'Said before')
    await reads(guest, 'Said before')

    const { data } = at.server
    if (way === 'is restarted') await at.server.stop('keep')
    else await at.server.kill()
    at.server = await startServer({ ...options, data })

    const dropped = (all: string): boolean => all.includes('The connection dropped')
    for (const who of [host, guest])
      await until(
        'the banner goes',
        () => who.text(),
        (all) => !dropped(all),
      )
    await greetEachOther(host, guest)
    await seesAndHears(guest, 'Asha')
    await seesAndHears(host, 'Ravi')
    expect(await guest.text()).toContain('Said before')
    await leave()
  })
}
