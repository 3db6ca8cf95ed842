// A program of its own that prints the inventory of the box as JSON and ends: the library takes 12 MB and starts some thirty
// programs, none of which the station should carry or wait for. inventory-process.ts runs it once, bounded in time and bytes.
import { blockDevices, diskLayout, osInfo, system } from 'systeminformation'

const [box, os, layout, devices] = await Promise.all([system(), osInfo(), diskLayout(), blockDevices()])
const disks = layout.map(({ device, name, serialNum, size }) => ({
  name: device,
  model: name,
  serial: serialNum,
  bytes: size,
}))
// Virtual disks and cards have no layout; what the kernel calls them and their size is known all the same.
const bare = devices
  .filter(({ type, size }) => type === 'disk' && size > 0)
  .map(({ name, model, serial, size }) => ({ name, model, serial, bytes: size }))
const inventory = {
  manufacturer: box.manufacturer,
  model: box.model,
  serial: box.serial,
  system: `${os.distro} ${os.release}`,
  kernel: os.kernel,
  architecture: os.arch,
  disks: disks.length > 0 ? disks : bare,
}
process.stdout.write(JSON.stringify(inventory))
