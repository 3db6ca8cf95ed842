// The version of this software, as `tram --version`, the health report and the OpenAPI description say it.

/** As in package.json; a test compares them. */
export const tramVersion = '0.1.0'
