/** Where the official test vectors of MLS and SFrame are; they belong to others and are no part of the project. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

/** vectorsFolder finds them by INCAMERA_VECTORS or beside the checkout; without them it says so loudly and gives null. */
export function vectorsFolder(kind: 'mls' | 'sframe'): string | null {
  const root = process.env['INCAMERA_VECTORS'] ?? resolve(import.meta.dirname, '../../../../../shared/vectors')
  const folder = resolve(root, kind)
  if (existsSync(folder)) return folder
  process.stderr.write(
    `\n!!! The official ${kind} test vectors were NOT run: none at ${folder}. Set INCAMERA_VECTORS (docs/decisions/encryption.md).\n\n`,
  )
  return null
}
