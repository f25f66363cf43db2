// Loaded before a task whose memory is measured: writes its peak, in KiB, to the fourth stream as the task ends.
const { writeSync } = require('node:fs')

process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)))
