import { afterAll, test } from 'vitest'
import { layLine, type Line } from '../support/line.ts'
import { reads, seesAndHears, write } from '../support/people.ts'
import { freePort } from '../support/server.ts'
import { meet, on, stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

const dropped = 'The connection dropped'

let line: Line
const at = stage(async () => {
  const port = await freePort()
  line = await layLine(port)
  return { port, flags: ['--public-url', `http://localhost:${line.port}`, '--create', 'anyone'] }
})
afterAll(() => {
  line.close()
})

test('a dropped connection comes back to its seat, and what was said meanwhile arrives', async () => {
  const { host, guest, leave } = await meet(at, 'Drop', on, `http://localhost:${line.port}`, () => {
    line.mark()
  })
  await seesAndHears(guest, 'Asha')

  line.cut()
  await until(
    'the page says that the line is cut',
    () => guest.text(),
    (all) => all.includes(dropped),
    5_000,
  )
  await write(host, 'Said while you were gone')
  line.mend()
  await until(
    'the banner goes',
    () => guest.text(),
    (all) => !all.includes(dropped),
    15_000,
  )
  await reads(guest, 'Said while you were gone')
  await write(guest, 'Back on the line')
  await reads(host, 'Back on the line')
  await seesAndHears(guest, 'Asha')
  await leave()
})
