// Every step of the run in QEMU, in its order.
import type { Bench } from './bench.ts'
import type { Step } from './progress.ts'
import { firstBootSteps } from './steps-first-boot.ts'
import { runningSteps } from './steps-running.ts'

export const steps: readonly Step<Bench>[] = [...firstBootSteps, ...runningSteps]
