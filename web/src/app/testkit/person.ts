import type { Person } from '../../core/snapshot'

/** person is somebody inside, in every way usual but for what more says. */
export const person = (id: string, more: Partial<Person> = {}): Person => ({
  id,
  name: id,
  me: false,
  role: 'guest',
  hand: 0,
  reaction: null,
  microphone: false,
  camera: false,
  speaking: false,
  away: false,
  confirmed: true,
  removing: false,
  stream: null,
  video: false,
  ...more,
})
