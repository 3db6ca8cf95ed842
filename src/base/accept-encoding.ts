// What a client of our HTTP servers takes: read by the VXP interface and by the Prometheus endpoint.

/** Whether an Accept-Encoding header asks for gzip. */
export function acceptsGzip(header: string | string[] | undefined): boolean {
  const list = Array.isArray(header) ? header.join(',') : (header ?? '')
  return list.split(',').some((entry) => {
    const [coding = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase())
    return (coding === 'gzip' || coding === 'x-gzip') && !parameters.some((part) => /^q=0(\.0*)?$/.test(part))
  })
}
