// Files that come on a stick to whoever builds the directory: change requests (JSON) and lists of agencies (CSV).
import { formatAgencyList, parseAgencyList } from '../../../src/document/agency-list.ts'
import { parseRequestsFile } from '../../../src/document/directory-requests-file.ts'
import { textMutators } from '../format-mutators.ts'
import { asText, FuzzComplaint, type FuzzTarget, outcomeOf } from '../fuzz-target.ts'

const request = {
  kind: 'register',
  code: 'H01.05',
  parent: 'H01',
  name: 'Sở "Y tế"',
  mail: 'a@b.vn',
  mobile: '',
  fax: '',
}
const list = `code,name,parent,station,valid_from,valid_to,successor,mail
H01,"Uỷ ban nhân dân, tỉnh",,one,2026-01-01,,,
H01.02,Sở Nội vụ,H01,one,,2027-01-01T00:00:00+07:00,H01,x@y.vn
`

export const target: FuzzTarget = {
  name: 'lists',
  runsInTest: 1000,
  open: async () => ({
    seeds: [
      Buffer.from(
        JSON.stringify({
          ...{ format: 'tram-directory-requests-1', station: 'one', exportedAt: 1 },
          requests: [{ requestId: 'ab'.repeat(16), systemid: 'qlvb', requestedAt: 2, ...request }],
        }),
      ),
      Buffer.from(list),
    ],
    mutators: textMutators,
    async check(input) {
      await outcomeOf(() => parseRequestsFile(input))
      const agencies = parseAgencyList(input)
      const again = await outcomeOf(() => parseAgencyList(Buffer.from([...formatAgencyList(agencies)].join(''))))
      if (again !== asText(agencies)) throw new FuzzComplaint(`read: ${asText(agencies)}\nwritten and read: ${again}`)
    },
  }),
}
