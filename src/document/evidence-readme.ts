// README.txt of exported evidence: a plain page, Vietnamese and English, with a recipe that needs bash, coreutils and
// openssl alone. A test runs its commands. Pure: what the collector knows in, text out.
import type { SealedFileNames } from './evidence-files.ts'

/** One seal, for the recipe. */
export interface ReadmeSeal {
  names: SealedFileNames
  station: string
  /** Seconds since 1970. */
  statementTime: number
  leafIndex: number
  treeSize: number
  /** The extract of the directory that proves it (its stem, evidence-files), and the index of the station's entry there. */
  extract: string
  stationEntry: number
}

/** An extract of the directory, for the recipe. */
export interface ReadmeExtract {
  stem: string
  version: number
  /** UTC, as text. */
  issuedAt: string
  /** Seconds since 1970. */
  signingTime: number
  /** Entries of the whole directory. */
  entries: number
}

export interface ReadmeInput {
  id: string
  docId: string
  /** UTC, as text. */
  createdAt: string
  hasPacket: boolean
  waybills: readonly ReadmeSeal[]
  /** Each with the number (from 0) of the waybill that it answers. */
  receipts: readonly (ReadmeSeal & { waybill: number })[]
  extracts: readonly ReadmeExtract[]
  /** Who served whom, by which extract. */
  agencies: readonly { code: string; station: string; extract: string; entry: number }[]
}

/** More agencies are listed by nobody who reads a page; the loop over the entries covers them all. */
const maxListedAgencies = 40
const isText = (text: string): boolean => /^[0-9A-Za-z.-]+$/.test(text)

/** The page. Lines that begin with four spaces are the commands, to be run in one bash. */
export function evidenceReadme(input: ReadmeInput): string {
  const parts = [
    introduction(input),
    preparation,
    packetStep(input),
    ...input.extracts.map(directoryStep),
    ...input.waybills.map((seal) => sealStep(seal, 1, `vận đơn ${seal.names.bin}`, `the waybill ${seal.names.bin}`)),
    ...input.receipts.map((seal) => receiptStep(seal, input)),
    agencyStep(input),
    closing,
  ]
  return `${parts.join('\n\n')}\n`
}

const introduction = ({ id, docId, createdAt, hasPacket, extracts }: ReadmeInput): string =>
  `BẰNG CHỨNG CHUYỂN PHÁT VĂN BẢN / EVIDENCE OF A DOCUMENT'S DELIVERY

Mã văn bản / DocId:  ${docId}
Xuất cho / for:      ${id}
Lập lúc / made at:   ${createdAt}

Thư mục này chứng minh: trạm gửi đã niêm phong đúng gói tin này, lúc nào, cho ai; và trạm nhận nào đã nhận, lúc nào.
Cách nhanh:   tram verify <thư mục hoặc tệp zip>
Không có phần mềm Trạm: làm theo các bước dưới đây bằng bash, coreutils và openssl 3 (các dòng thụt vào bốn dấu cách).
Mỗi bước phải in ra OK; bước nào in ra WRONG là không đạt.

This folder proves which packet the sending station sealed, when and for whom, and which station took it, and when.
The short way: tram verify <folder or zip file>
Without the software: follow the steps below with bash, coreutils and openssl 3 (the lines that begin with four spaces).
Each step must print OK; one that prints WRONG has failed.

  packet.edxml                 gói tin / the packet${hasPacket ? '' : ' (đã xóa theo thời hạn lưu; hãy tự đặt tệp vào đây / deleted by retention; put yours here)'}
  waybill*.bin .cms .path      vận đơn, chữ ký, đường dẫn Merkle / waybill, signature, Merkle path
  receipt-*.bin .cms .path     biên nhận của trạm nhận / receipts of the recipient stations
${directoryFiles(extracts.length > 1)}
  certificates/*.pem           chứng thư có trong chữ ký / certificates inside the signatures
  summary.json                 tóm tắt, KHÔNG phải bằng chứng / a summary, NOT evidence
  SHA256SUMS                   mã băm của mọi tệp / sums of all files`

const preparation = `CHUẨN BỊ / BEFORE
Các chứng thư gốc (CA) phải lấy từ nguồn mà bạn tin, KHÔNG lấy từ thư mục này: hai tệp PEM, cho trạm và cho danh bạ.
The CA certificates must come from a source that you trust, NOT from this folder: two PEM files, for stations and directory.

    ANCHORS=\${ANCHORS:-anchors.pem}
    DIRECTORY_ANCHORS=\${DIRECTORY_ANCHORS:-$ANCHORS}
    OUT=$(mktemp -d)

Hàm dùng chung: hex (nội dung tệp dạng hex), has (tệp có chứa dãy hex), climb (từ lá đến gốc cây Merkle, RFC 9162 §2.1.3.2).
Lá = SHA-256(00 ‖ loại ‖ nội dung tệp); loại: 01 vận đơn, 02 biên nhận, 03 mục danh bạ. Nút = SHA-256(01 ‖ trái ‖ phải).
Functions: hex (a file as hex), has (a file contains these hex digits), climb (from the leaf to the root, RFC 9162 §2.1.3.2).
Leaf = SHA-256(00 ‖ type ‖ bytes of the file); type: 01 waybill, 02 receipt, 03 directory entry. Node = SHA-256(01 ‖ left ‖ right).

    hex() { od -An -v -tx1 "$1" | tr -d ' \\n'; }
    bin() { printf "$(printf %s "$1" | sed 's/../\\\\x&/g')"; }
    text() { printf '%s%02x' "$1" "\${#2}"; printf %s "$2" | od -An -v -tx1 | tr -d ' \\n'; }
    has() { case "$(hex "$1")" in *"$2"*) echo "OK    $3";; *) echo "WRONG $3";; esac; }
    node() { { printf '\\001'; bin "$1"; bin "$2"; } | sha256sum | cut -c1-64; }
    climb() { # FILE TYPE INDEX SIZE PATH
      local h at=$3 last=$(($4 - 1)) s
      h=$({ printf '\\000'; bin "$2"; cat "$1"; } | sha256sum | cut -c1-64)
      for s in $(hex "$5" | sed 's/^10\\([89a-f].\\)*[0-7].//; s/1a20\\(.\\{64\\}\\)/\\1 /g'); do
        if [ $((at % 2)) = 1 ] || [ $at = $last ]; then
          h=$(node $s $h)
          while [ $((at % 2)) = 0 ] && [ $at != 0 ]; do at=$((at / 2)); last=$((last / 2)); done
        else
          h=$(node $h $s)
        fi
        at=$((at / 2)); last=$((last / 2))
      done
      echo $h
    }`

const packetStep = ({ waybills }: ReadmeInput): string => `GÓI TIN / THE PACKET
SHA-256 của gói tin là mã băm ghi trên vận đơn. / The packet's SHA-256 is the digest in the waybill.

    sha256sum --quiet -c SHA256SUMS && echo "OK    SHA256SUMS" || echo "WRONG SHA256SUMS"
    PACKET=$(sha256sum packet.edxml | cut -c1-64)
${waybills.map(({ names }) => `    has ${names.bin} 4a20$PACKET "packet.edxml: ${names.bin}"`).join('\n')}`

const opensslVerify = (time: number, anchors: string, stem: string): string =>
  `    openssl cms -verify -cades -inform DER -purpose any -attime ${time} -CAfile "$${anchors}" \\
      -signer "$OUT/${stem}.signer" -in ${stem}.cms -out "$OUT/${stem}.root" && echo "OK    ${stem}.cms" || echo "WRONG ${stem}.cms"`

/** With several versions, each has its number in the names of its files. */
const directoryFiles = (isNumbered: boolean): string =>
  isNumbered
    ? `  directory-v<k>.cms           danh bạ phiên bản k do cơ quan quản lý ký / the authority's signed statement of version k
  directory-v<k>-<n>.entry .path  mục thứ n của phiên bản k và đường dẫn / entry n of version k and its path`
    : `  directory.cms                danh bạ do cơ quan quản lý ký / the authority's signed directory statement
  directory-<n>.entry .path    mục thứ n của danh bạ và đường dẫn / entry n of the directory and its path`

const directoryStep = ({ stem, version, issuedAt, signingTime, entries }: ReadmeExtract): string =>
  `DANH BẠ / THE DIRECTORY: ${stem}.cms
Cơ quan quản lý đã ký danh bạ phiên bản ${version} (${issuedAt}); mọi mục kèm theo nằm dưới gốc Merkle đã ký.
So dấu vân tay in ra với dấu vân tay chứng thư mà cơ quan quản lý đã công bố.
The authority signed version ${version}; every entry here is under the signed Merkle root.
Compare the fingerprint that is printed with the one that the authority has published.

${opensslVerify(signingTime, 'DIRECTORY_ANCHORS', stem)}
    openssl x509 -in "$OUT/${stem}.signer" -noout -subject -fingerprint -sha256
    for e in ${stem}-*.entry; do
      n=\${e#${stem}-}; n=\${n%.entry}
      has "$OUT/${stem}.root" 3a20$(climb $e 03 $n ${entries} ${stem}-$n.path) $e
    done`

function sealStep(seal: ReadmeSeal, type: 1 | 2, vi: string, en: string): string {
  const { names, station, statementTime, leafIndex, treeSize, extract, stationEntry } = seal
  const entry = `${extract}-${stationEntry}.entry`
  const stem = names.bin.slice(0, -'.bin'.length)
  return `NIÊM PHONG / SEAL: ${names.cms}
Token của trạm ${station} đã ký gốc Merkle (${new Date(statementTime * 1000).toISOString()}); ${vi} là lá ${leafIndex} trong ${treeSize} lá.
Chứng thư đã ký phải là chứng thư mà danh bạ ghi cho trạm ${station} (một chứng thư khác của cùng CA cũng qua được openssl).
The token of the station ${station} signed the Merkle root; ${en} is leaf ${leafIndex} of ${treeSize}.
The certificate that signed must be the one that the directory lists for ${station} (openssl accepts any other of the same CA).

${opensslVerify(statementTime, 'ANCHORS', stem)}
    has "$OUT/${stem}.root" 3a20$(climb ${names.bin} 0${type} ${leafIndex} ${treeSize} ${names.path}) "${names.bin} ${names.path}"
    has "$OUT/${stem}.root" $(text 12 ${station}) "${names.cms}: ${station}"
    SIGNER=$(openssl x509 -in "$OUT/${stem}.signer" -outform DER | sha256sum | cut -c1-64)
    has ${entry} 0a20$SIGNER "${names.cms}: ${entry}"
    has ${entry} $(text 0a ${station}) "${entry}: ${station}"`
}

function receiptStep(seal: ReadmeInput['receipts'][number], { waybills }: ReadmeInput): string {
  const { names } = seal
  const waybill = waybills[seal.waybill]?.names.bin ?? ''
  return `${sealStep(seal, 2, `biên nhận ${names.bin}`, `the receipt ${names.bin}`)}
    has ${names.bin} 3220$(sha256sum ${waybill} | cut -c1-64) "${names.bin}: ${waybill}"
    has ${names.bin} 3a20$PACKET "${names.bin}: packet.edxml"`
}

function agencyStep({ agencies }: ReadmeInput): string {
  const listed = agencies.filter(({ code, station }) => isText(code) && isText(station)).slice(0, maxListedAgencies)
  const lines = listed.map(
    ({ code, station, extract, entry }) =>
      `    has ${extract}-${entry}.entry $(text 32 ${station}) "${code}: ${station}"`,
  )
  return `ĐƠN VỊ / AGENCIES
Danh bạ ghi mỗi đơn vị thuộc trạm nào${agencies.length > listed.length ? ` (${listed.length} đơn vị đầu)` : ''}. / The directory says which station serves each agency.

${lines.join('\n')}
    rm -r "$OUT"`
}

const closing = `GHI CHÚ / NOTES
Thời điểm là giờ mà trạm tự ghi khi niêm phong; chưa có dấu thời gian của bên thứ ba. Mỗi niêm phong được một phiên bản danh bạ
chứng minh; danh bạ ghi chứng thư và đơn vị có giá trị từ lúc nào đến lúc nào (tram verify kiểm tra cả các thời hạn đó). Một
phiên bản không có ở đây có thể đã thu hồi chứng thư sớm hơn: khi nghi ngờ, hãy hỏi cơ quan quản lý.
Times are those that the stations wrote when sealing; there is no third party's time stamp yet. Each seal is proven by one
version of the directory; it says from when until when certificates and agencies hold (tram verify checks these times too). A
version that is not here may have withdrawn a certificate earlier: when in doubt, ask the authority.`
