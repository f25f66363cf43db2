// Loaded before a task whose memory is measured: writes its peak, in KiB, to the fourth stream as the task ends; nothing
// where the system does not say. Not `maxRSS`: in it Linux counts what the process was at first, a copy of its parent.
const { existsSync, readFileSync, writeSync } = require('node:fs')

const status = '/proc/self/status'
process.on('exit', () => {
  const peak = existsSync(status) ? /^VmHWM:\s+(\d+)/m.exec(readFileSync(status, 'utf8')) : null
  if (peak) writeSync(3, peak[1])
})
