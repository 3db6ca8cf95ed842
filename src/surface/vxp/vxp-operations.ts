// The table of VXP operations: the last path segment → what is done. vxp-server.ts has verified the credentials before;
// sending, reading, the directory and its changes stand in files of their own.
import { deleteAgency, registerAgency } from './vxp-agencies.ts'
import type { VxpCall } from './vxp-call.ts'
import { getAgenciesList, getAgenciesListQD20, getSynchronizeUnit } from './vxp-directory.ts'
import {
  countReceiveEdoc,
  countReceiveStatus,
  downloadEdoc,
  getEdoc,
  getReceivedEdocList,
  getSentEdocList,
  updateStatus,
} from './vxp-reading.ts'
import { sendEdoc } from './vxp-sending.ts'

export interface VxpOperation {
  /** What the body is: a packet, a small text, or nothing that matters. The last is read and dropped before `run`: kits send `{}`. */
  body: 'packet' | 'text' | 'ignored'
  run: (call: VxpCall) => Promise<void>
}

const reading = (run: VxpOperation['run']): VxpOperation => ({ body: 'ignored', run })

const operations: ReadonlyMap<string, VxpOperation> = new Map([
  ['sendEdoc', { body: 'packet', run: sendEdoc }],
  ['getReceivedEdocList', reading(getReceivedEdocList)],
  ['getSentEdocList', reading(getSentEdocList)],
  ['getEdoc', reading(getEdoc)],
  ['downloadEdoc', reading(downloadEdoc)],
  ['updateStatus', reading(updateStatus)],
  ['countReceiveEdoc', reading(countReceiveEdoc)],
  ['countReceiveStatus', reading(countReceiveStatus)],
  ['getAgenciesList', reading(getAgenciesList)],
  ['getAgenciesListQD20', reading(getAgenciesListQD20)],
  ['getSynchronizeUnit', reading(getSynchronizeUnit)],
  ['registerAgency', { body: 'text', run: registerAgency }],
  ['deleteAgency', reading(deleteAgency)],
])

/** The operation of that exact name, undefined when VXP has none. */
export function findOperation(name: string): VxpOperation | undefined {
  return operations.get(name)
}

/** The operation that a request target names: its last path segment, under any prefix; '' when there is none. */
export function operationNameOf(target: string): string {
  const [path = ''] = target.split(/[?#]/, 1)
  return (
    path
      .split('/')
      .findLast((segment) => segment !== '')
      ?.slice(0, 64) ?? ''
  )
}
