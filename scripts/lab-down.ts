// `scripts/lab down`: ends the lab of a folder, the stations that a killed lab has left, and deletes the folder.
import { rm } from 'node:fs/promises'
import { endLeftStations, isLabFolder, runningLab, shown, stopLab } from './lab-folder.ts'

/** A lab with dozens of stations takes its time. */
const stopWithinMs = 120_000

/** Returns the exit code. Nothing to take down is no failure. */
export async function takeDown(folder: string): Promise<number> {
  const kind = await isLabFolder(folder)
  if (kind === 'new') {
    console.log(`${shown(folder)}: không có mạng thử nghiệm nào ở đây · there is no lab here`)
    return 0
  }
  if (kind === 'other') {
    console.error(`${shown(folder)}: không phải thư mục của scripts/lab, giữ nguyên · not a lab's folder, left alone`)
    return 1
  }
  const lab = await runningLab(folder)
  if (lab !== undefined) {
    console.log(`Đang dừng scripts/lab (pid ${lab}) · stopping it`)
    if (!(await stopLab(lab, stopWithinMs))) {
      console.error(`scripts/lab (pid ${lab}) không dừng · does not stop`)
      return 1
    }
  }
  const ended = await endLeftStations(folder)
  if (ended > 0) console.log(`Đã dừng ${ended} trạm còn sót · stopped ${ended} stations that were left`)
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  console.log(`Đã xóa · deleted: ${shown(folder)}`)
  return 0
}
