import { readFileSync, readdirSync } from 'node:fs'

const ticksASecond = 100 // USER_HZ, which /proc counts in on every Linux

/** Usage is what a process cost so far. */
export interface Usage {
  readonly cpu: number // seconds
  readonly resident: number // MiB now
  readonly peak: number // MiB
}

/** usageOf reads a process's processor time and memory. */
export function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mib = (name: string): number =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024)
  return { cpu: seconds(`/proc/${pid}/stat`), resident: mib('VmRSS'), peak: mib('VmHWM') }
}

/** Thread is one thread of a process with its processor time in seconds. */
export interface Thread {
  readonly id: number
  readonly name: string
  readonly cpu: number
}

export function threadsOf(pid: number): Thread[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((id) => {
    try {
      const name = readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').trim()
      return [{ id: Number(id), name, cpu: seconds(`/proc/${pid}/task/${id}/stat`) }]
    } catch {
      return [] // it ended meanwhile
    }
  })
}

function seconds(stat: string): number {
  const text = readFileSync(stat, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksASecond
}
