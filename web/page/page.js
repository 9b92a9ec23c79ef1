// The manager's plain page: what the API says, shown, and renewed when the manager says that something changed.
'use strict';

const byId = (id) => document.getElementById(id);

class Problem extends Error {
  constructor(status, body) {
    super(body && body.detail ? `${body.detail} ${body.remedy || ''}` : `The manager answered ${status}.`);
    this.status = status;
    this.id = body && body.id;
  }
}

async function call(method, path, body) {
  const answer = await fetch(`/api/v1/${path}`, {
    method, credentials: 'same-origin',
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  if (answer.status === 204) return null;
  const content = await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, content);
  return content;
}

function complain(error) {
  const place = byId('problem');
  place.textContent = error ? error.message : '';
  place.hidden = !error;
}

// The name of the column goes along, for screens that are too narrow for columns.
function fill(row, table, cells) {
  const names = document.querySelectorAll(`#${table} th`);
  cells.forEach((content, i) => {
    const place = row.insertCell();
    place.dataset.name = names[i].textContent;
    place.className = names[i].className;
    if (content) place.append(content);
  });
  return row;
}

function levelMark(level) {
  const mark = document.createElement('span');
  mark.className = `level level-${level}`;
  mark.textContent = level || '?';
  const words = ['not known yet', 'password only', 'protected passwords', 'encrypted', 'encrypted and verified'][level] || '';
  mark.title = words;
  mark.setAttribute('aria-label', `${level || 'unknown'}: ${words}`);
  return mark;
}

function time(text) { return `${text.slice(0, 10)} ${text.slice(11, 16)}`; }

function expiry(text) {
  if (!text) return '';
  const days = Math.floor((Date.parse(text) - Date.now()) / 86400000);
  return `${text.slice(0, 10)} (${days < 0 ? 'ended' : days === 1 ? '1 day' : `${days} days`})`;
}

async function allSystems() {
  const systems = [];
  let after = 0;
  do {
    const page = await call('GET', `systems?limit=1000&after=${after}`);
    systems.push(...page.systems);
    after = page.next;
  } while (after && systems.length < 5000);
  return systems;
}

// What a role may not do is not offered; the manager refuses it anyway.
const mayWork = (session) => !session.read_only && ['operator', 'administrator'].includes(session.role);

async function show() {
  const [about, systems, tickets, session] = await Promise.all([
    call('GET', 'about'), allSystems(), call('GET', 'tickets?limit=1000'), call('GET', 'session')]);
  byId('who').textContent = `${session.user} (${session.role})`;
  byId('how-to-add').hidden = !mayWork(session);
  const modes = { off: 'Secure-Only is off', on: 'Secure-Only is on', verify: 'Secure-Only is on, certificates are verified' };
  byId('mode').textContent = `${about.host_name}: ${modes[about.secure_only]}`;
  const open = new Map();
  for (const ticket of tickets.tickets) open.set(ticket.system, (open.get(ticket.system) || 0) + 1);
  const rows = document.createDocumentFragment();
  const count = [0, 0, 0, 0, 0];
  for (const system of systems) {
    count[system.level] += 1;
    rows.append(fill(document.createElement('tr'), 'system-table', [
      system.name, system.family, system.track_by === 'host_name' ? system.host_name : system.address || system.host_name,
      levelMark(system.level), expiry(system.certificate_expires),
      system.last_call_at ? `${time(system.last_call_at)}, ${system.last_call}` : '', open.get(system.id) ? String(open.get(system.id)) : '']));
  }
  byId('systems').replaceChildren(rows);
  byId('system-table').hidden = systems.length === 0;
  byId('no-systems').hidden = systems.length > 0;
  const at = [4, 3, 2, 1].filter((level) => count[level]).map((level) => `${count[level]} at level ${level}`);
  if (count[0]) at.push(`${count[0]} not known yet`);
  const { queued, running, waiting } = about.jobs;
  byId('summary').textContent = `${systems.length || 'No'} ${systems.length === 1 ? 'system' : 'systems'}${at.length ? ': ' : ''}${at.join(', ')}. ` +
    (queued + running + waiting ? `Work under way: ${running} running, ${queued} queued, ${waiting} waiting.` : 'No work under way.');
  const lines = document.createDocumentFragment();
  for (const ticket of tickets.tickets) {
    lines.append(fill(document.createElement('tr'), 'ticket-table', [ticket.system_name, ticket.title, ticket.text, ticket.remedy, time(ticket.opened)]));
  }
  byId('tickets').replaceChildren(lines);
  byId('ticket-table').hidden = tickets.tickets.length === 0;
  byId('no-tickets').hidden = tickets.tickets.length > 0;
}

let events = null;
let waiting = false;

function watch() {
  if (events) return;
  events = new EventSource('/api/v1/events');
  const renew = () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; show().then(() => complain(null), gone); }, 300);
  };
  for (const kind of ['system', 'job', 'ticket', 'policy', 'reload']) events.addEventListener(kind, renew);
}

function gone(error) {
  if (error.status === 401) start(); else complain(error);
}

function reveal(name) {
  for (const id of ['setup', 'login', 'change', 'estate']) byId(id).hidden = id !== name;
  byId('logout').hidden = name !== 'estate' && name !== 'change';
  byId('who').hidden = name !== 'estate';
  if (name !== 'estate') byId('mode').textContent = '';
  if (name !== 'estate' && events) { events.close(); events = null; }
}

async function start() {
  try {
    const { pending } = await call('GET', 'setup');
    if (pending) { reveal('setup'); return; }
    try {
      await show();
      reveal('estate');
      watch();
    } catch (error) {
      // A password that somebody else made opens its change and nothing else.
      if (error.id === 'ACC-014') reveal('change');
      else if (error.status === 401) reveal('login');
      else throw error;
    }
  } catch (error) { complain(error); }
}

async function submit(event, work) {
  event.preventDefault();
  complain(null);
  try {
    await work();
    event.target.reset();
    await start();
  } catch (error) { complain(error); }
}

byId('setup').addEventListener('submit', (event) => submit(event, async () => {
  const password = byId('new-password').value;
  await call('POST', 'setup', { setup_password: byId('setup-password').value, new_password: password });
  await call('POST', 'session', { user: 'admin', password });
}));
byId('login').addEventListener('submit', (event) => submit(event, () => call('POST', 'session', { user: byId('user').value, password: byId('password').value })));
byId('change').addEventListener('submit', (event) => submit(event, () =>
  call('PUT', 'session/password', { old_password: byId('old-password').value, new_password: byId('own-password').value })));
byId('logout').addEventListener('click', () => call('DELETE', 'session').then(start, complain));
start();
