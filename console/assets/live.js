// Keeps an open page true: when the server says that something changed, the page is asked for again, and those of its
// parts that are marked `data-live` and differ are put in place. Without this script every page still reads.

const clocks = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
]

function lasting(ms) {
  let seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const parts = []
  for (const [length, unit] of clocks) {
    const count = Math.floor(seconds / length)
    seconds -= count * length
    if (count > 0) parts.push(`${count} ${unit}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.join(' ')
}

function tick() {
  const now = Date.now()
  for (const clock of document.querySelectorAll('time[data-ago]')) {
    clock.textContent = `${lasting(now - Date.parse(clock.dateTime))} ago`
  }
  for (const clock of document.querySelectorAll('time[data-deadline]')) {
    const left = Date.parse(clock.dateTime) - now
    clock.textContent = left < 0 ? `${lasting(-left)} late` : `${lasting(left)} left`
    clock.className = `deadline ${left < 0 ? 'broken' : left < 3_600_000 ? 'near' : 'far'}`
  }
}

/** Whoever writes into a form, or has a menu open in it, keeps it as it is. */
function isInUse(part) {
  const fields = [...part.querySelectorAll('input:not([type=hidden]), textarea, select')]
  return (
    fields.includes(document.activeElement) ||
    fields.some((field) => ('defaultValue' in field ? field.value !== field.defaultValue : false))
  )
}

function replace(part, fresh) {
  const open = [...part.querySelectorAll('details[id][open]')].map((details) => details.id)
  const before = new Set([...part.querySelectorAll('[data-row]')].map((row) => row.dataset.row))
  const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null
  for (const id of open) fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute('open', '')
  const added = [...fresh.querySelectorAll('[data-row]')].filter((row) => !before.has(row.dataset.row))
  for (const row of added) row.classList.add('fresh')
  part.replaceWith(fresh)
  if (focused) fresh.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus()
  return added.length
}

let isAsking = false
let isStale = false

async function refresh() {
  if (isAsking || document.hidden) {
    isStale = true
    return
  }
  isAsking = true
  isStale = false
  try {
    const answer = await fetch(location.href, { headers: { 'x-live': '1' }, cache: 'no-store' })
    if (answer.redirected && new URL(answer.url).pathname === '/login') return location.reload()
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    let added = 0
    for (const part of document.querySelectorAll('[data-live]')) {
      const fresh = page.getElementById(part.id)
      if (!fresh || isInUse(part) || fresh.outerHTML === part.dataset.shown) continue
      fresh.dataset.shown = fresh.outerHTML
      added += replace(part, fresh)
    }
    if (added > 0) {
      document.querySelector('[data-live-note]').textContent = `${added} new ${added === 1 ? 'entry' : 'entries'}`
    }
    tick()
  } finally {
    isAsking = false
    if (isStale) setTimeout(refresh, 250)
  }
}

function say(state, word) {
  for (const mark of document.querySelectorAll('[data-connection]')) {
    mark.dataset.connection = state
    mark.title = state === 'live' ? 'This page updates by itself' : 'The server does not answer; trying again'
    mark.querySelector('[data-connection-word]').textContent = word
  }
}

if (document.querySelector('[data-live]')) {
  const events = new EventSource('/live')
  let wasLost = false
  events.addEventListener('open', () => {
    say('live', 'Live')
    if (wasLost) refresh()
    wasLost = false
  })
  events.addEventListener('error', () => {
    wasLost = true
    say('lost', 'Reconnecting')
  })
  events.addEventListener('changed', refresh)
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && isStale) refresh()
  })
} else {
  for (const mark of document.querySelectorAll('[data-connection]')) mark.hidden = true
}
setInterval(tick, 15_000)

document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('details.menu[open]'))
    if (!menu.contains(event.target)) menu.open = false
  const copy = event.target instanceof Element ? event.target.closest('[data-copy]') : null
  if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => (copy.textContent = 'Copied'))
})
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') for (const menu of document.querySelectorAll('details.menu[open]')) menu.open = false
})
