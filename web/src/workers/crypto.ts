/** The crypto worker: the vault, and the transforms of every frame that is sent or received. */
import { wallClock } from '../core/clock'
import { attach } from '../core/frames/transform'
import { serve, type Call, type FromWorker } from '../core/vault-line'
import { LocalVault } from '../core/vault-local'

declare const self: DedicatedWorkerGlobalScope

const vault = new LocalVault()

function answer(message: FromWorker): void {
  self.postMessage(message)
}

vault.watch((happening) => {
  answer({ happening })
})

self.addEventListener('message', ({ data }: MessageEvent<Call>) => {
  void serve(vault, data).then(answer)
})

self.addEventListener('rtctransform', (event) => {
  void attach(event.transformer, vault.frames, wallClock)
})
