// Draws the table of days as a chart above it. The table stays: it is what a screen reader and a page without script read.

const styleOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** A colour of the theme in force: `light-dark()` is settled by the browser, not by a canvas. */
function colour(name) {
  const probe = document.createElement('span')
  probe.style.color = styleOf(name)
  document.body.append(probe)
  const settled = getComputedStyle(probe).color
  probe.remove()
  return settled
}

const dayOf = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

function draw(place) {
  const table = document.getElementById(place.dataset.chart)
  const heads = [...table.querySelectorAll('thead th')].map((head) => head.textContent)
  const rows = [...table.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.dataset.value))
  const columns = place.dataset.columns.split(',').map(Number)
  const looks = [
    { stroke: colour('--low'), dash: [] },
    { stroke: colour('--accent'), dash: [6, 3] },
    { stroke: colour('--high'), dash: [2, 3] },
  ]
  const axis = { stroke: colour('--ink-soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } }
  place.replaceChildren()
  const chart = new uPlot(
    {
      width: place.clientWidth,
      height: 240,
      series: [
        { label: 'Day', value: (_, day) => (day === null ? '' : new Date(day * 1000).toISOString().slice(0, 10)) },
        ...columns.map((column, index) => ({
          label: heads[column],
          width: 2,
          points: { show: rows.length < 40, size: 5 },
          ...looks[index % looks.length],
        })),
      ],
      axes: [
        {
          ...axis,
          values: (_, days) => days.map((day) => dayOf.format(new Date(day * 1000))),
          space: 72,
          incrs: [1, 2, 7, 14, 28, 91, 182].map((days) => days * 86_400),
        },
        { ...axis, size: 56 },
      ],
      scales: { y: { range: (_, __, high) => [0, Math.max(1, high * 1.1)] } },
      tzDate: (day) => uPlot.tzDate(new Date(day * 1000), 'UTC'),
    },
    [rows.map(([day]) => Date.parse(day) / 1000), ...columns.map((column) => rows.map((row) => Number(row[column])))],
    place,
  )
  new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: 240 })).observe(place)
}

for (const place of document.querySelectorAll('[data-chart]')) draw(place)
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const place of document.querySelectorAll('[data-chart]')) draw(place)
})
