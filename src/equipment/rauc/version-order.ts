// The order of versions (semver.org 2.0, §11): an update must be newer than what runs. Build metadata does not count.

const pattern =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-([0-9A-Za-z.-]{1,64}))?(?:\+[0-9A-Za-z.-]{1,64})?$/

/** Whether `text` is a version that can be compared. */
export const isVersion = (text: string): boolean => pattern.test(text)

/**
 * Whether `one` is newer than `other`.
 * @throws RangeError when one of them is no version: ask isVersion first
 */
export function isNewer(one: string, other: string): boolean {
  const [left, right] = [partsOf(one), partsOf(other)]
  for (const [at, number] of left.numbers.entries()) {
    const against = right.numbers[at] ?? 0
    if (number !== against) return number > against
  }
  // 1.0.0-rc.1 comes before 1.0.0.
  if (left.early === undefined || right.early === undefined)
    return left.early === undefined && right.early !== undefined
  return isLaterEarly(left.early, right.early)
}

function partsOf(version: string): { numbers: number[]; early: string[] | undefined } {
  const [, major, minor, patch, early] = pattern.exec(version) ?? []
  if (major === undefined) throw new RangeError(`not a version: ${version}`)
  return { numbers: [major, minor, patch].map(Number), early: early?.split('.') }
}

function isLaterEarly(left: readonly string[], right: readonly string[]): boolean {
  for (const [at, one] of left.entries()) {
    const other = right[at]
    if (other === undefined) return true
    if (one === other) continue
    const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)]
    if (isNumber && isOtherNumber) return Number(one) > Number(other)
    // Numbers come before words.
    return isNumber === isOtherNumber ? one > other : isOtherNumber
  }
  return false
}
