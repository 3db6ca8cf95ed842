// The table of VXP operations: the last path segment → what is done. vxp-server.ts has verified the credentials before;
// sending, reading and the directory stand in files of their own.
import { TramError } from '../../base/errors.ts'
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
  /** Whether the body means something. Otherwise it is read and dropped before `run`: kits send `{}`. */
  readsBody: boolean
  run: (call: VxpCall) => Promise<void>
}

const reading = (run: VxpOperation['run']): VxpOperation => ({ readsBody: false, run })

/** The directory is signed by an authority; a backend cannot change it through its station. */
const refused = (field: string): VxpOperation => ({
  readsBody: false,
  run: () =>
    Promise.reject(
      new TramError('REQUEST_INVALID', {
        field,
        detail: 'trạm chưa nhận đăng ký hoặc xoá đơn vị qua VXP; liên hệ cơ quan quản lý danh bạ',
      }),
    ),
})

const operations: ReadonlyMap<string, VxpOperation> = new Map([
  ['sendEdoc', { readsBody: true, run: sendEdoc }],
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
  ['registerAgency', refused('registerAgency')],
  ['deleteAgency', refused('deleteAgency')],
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
