import { describe, expect, it } from 'vitest'
import { markdownReport, mebibytes, milliseconds, plainReport, type Section, targetCells } from './report.ts'

const section: Section = {
  title: 'Task start',
  header: ['task', 'median'],
  rows: [
    ['receive', '80 ms'],
    ['a|b', '9 ms'],
  ],
  notes: ['15 runs.'],
}

const report = { heading: 'Kestra 1.3.31', about: ['Two processors.'], sections: [section] }

describe('the report', () => {
  it('has aligned columns in a terminal', () => {
    expect(plainReport(report)).toBe(
      'Kestra 1.3.31\n\nTwo processors.\n\nTask start\n\ntask     median\n───────  ──────\nreceive  80 ms\na|b      9 ms\n\n15 runs.\n',
    )
  })

  it('is a table of Markdown where it is asked for, whatever a cell holds', () => {
    expect(markdownReport(report)).toBe(
      '### Kestra 1.3.31\n\nTwo processors.\n\n#### Task start\n\n| task | median |\n| --- | ---: |\n| receive | 80 ms |\n| a\\|b | 9 ms |\n\n15 runs.\n',
    )
  })

  it('shows figures as precisely as they were measured', () => {
    expect(milliseconds(4.26)).toBe('4.3 ms')
    expect(milliseconds(84.6)).toBe('85 ms')
    expect(mebibytes(3 * 2 ** 20)).toBe('3 MiB')
    expect(mebibytes(null)).toBe('not known here')
  })

  it('says of each target whether it was reached', () => {
    expect(targetCells({ ratio: 2, limit: 2.5, met: true })).toEqual(['≤ 2.5 ×', 'met'])
    expect(targetCells({ ratio: 3, limit: 2.5, met: false })).toEqual(['≤ 2.5 ×', 'not met'])
    expect(targetCells({ ratio: 3, limit: null, met: null })).toEqual(['–', ''])
  })
})
