// Drives jsxapi as its README does. Reads one JSON object from standard input: {url, username, password}, and with `multiline` (a command) and
// `body` a command with a multi-line argument; writes one JSON object
// with what each call gave. Run with NODE_PATH set to the installed packages.
'use strict';
const {connect} = require('jsxapi');

function within(promise, what, seconds) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`not in time: ${what}`)), seconds * 1000); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What a call gave: {value} or {code, message, data}. */
async function outcome(promise) {
  try {
    return {value: await promise};
  } catch (error) {
    return {code: error.code, message: error.message, data: error.data};
  }
}

async function main() {
  const wanted = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  const seconds = wanted.seconds || 30;
  const xapi = connect(wanted.url, {username: wanted.username, password: wanted.password});
  const ready = new Promise((resolve, reject) => {
    xapi.on('ready', resolve);
    xapi.on('error', (error) => reject(new Error(String((error && error.message) || error))));
  });
  const told = {};
  try {
    await within(ready, 'ready', seconds);
  } catch (error) {
    process.stdout.write(JSON.stringify({refused: error.message}));
    process.exit(0);
  }
  const errors = [];
  xapi.on('error', (error) => errors.push(String((error && error.message) || error)));

  told.get = await outcome(within(xapi.Config.SystemUnit.Name.get(), 'get', seconds));
  told.set = await outcome(within(xapi.Config.SystemUnit.Name.set('a "b" ü'), 'set', seconds));
  told.got = await outcome(within(xapi.Config.SystemUnit.Name.get(), 'get after set', seconds));
  told.status = await outcome(within(xapi.Status.SystemUnit.get(), 'status', seconds));
  told.list = await outcome(within(xapi.config.get('Network 1 DNS Domain Name'), 'list', seconds));
  told.number = await outcome(within(xapi.Config.Audio.Volume.get(), 'number', seconds));

  const heard = [];
  let arrived;
  const first = new Promise((resolve) => { arrived = resolve; });
  const off = xapi.Config.SystemUnit.Name.on((name) => { heard.push(name); arrived(); });
  await within(off.registration, 'feedback registration', seconds);
  // jsxapi listens one turn after the answer.
  await new Promise((resolve) => setImmediate(resolve));
  await xapi.Config.SystemUnit.Name.set('heard');
  await within(first, 'feedback', seconds);
  off();
  told.heard = heard;

  told.register = await outcome(within(xapi.command('HttpFeedback Register', {
    FeedbackSlot: 1, ServerUrl: 'http://listener.company.com/x', Expression: ['/Configuration', '/Status']}), 'command', seconds));
  told.slots = await outcome(within(xapi.status.get('HttpFeedback'), 'status list', seconds));
  told.deregister = await outcome(within(xapi.command('HttpFeedback Deregister', {FeedbackSlot: 1}), 'command', seconds));
  if (wanted.multiline)
    told.multiline = await outcome(within(xapi.command(wanted.multiline, {}, wanted.body), 'multi-line command', seconds));
  told.again = wanted.multiline && await outcome(within(xapi.command(wanted.multiline, {}, wanted.body), 'the same again', seconds));

  // A status that changes while somebody listens to it: a registration comes and goes.
  const slots = [];
  let came, went;
  const there = new Promise((resolve) => { came = resolve; });
  const ghost = new Promise((resolve) => { went = resolve; });
  const silence = xapi.status.on('HttpFeedback', (slot) => { slots.push(slot); if (slot.ghost) went(); else came(); });
  await within(silence.registration, 'status registration', seconds);
  await new Promise((resolve) => setImmediate(resolve));
  await xapi.command('HttpFeedback Register', {FeedbackSlot: 2, ServerUrl: 'http://listener.company.com/y', Expression: '/Event/Nothing'});
  // What comes and goes between two looks of the system is no news.
  await within(there, 'status feedback of what came', seconds);
  await xapi.command('HttpFeedback Deregister', {FeedbackSlot: 2});
  await within(ghost, 'status feedback', seconds);
  silence();
  told.slotNews = slots;
  told.schema = await outcome(within(xapi.doc('Command HttpFeedback Deregister'), 'schema', seconds));

  told.errors = {
    illegal: await outcome(within(xapi.Config.Audio.Volume.set(1000), 'illegal value', seconds)),
    path: await outcome(within(xapi.Status.Wrong.get(), 'wrong path', seconds)),
    configuration: await outcome(within(xapi.Config.Wrong.set('x'), 'wrong setting', seconds)),
    command: await outcome(within(xapi.command('Dila', {}), 'wrong command', seconds)),
    parameter: await outcome(within(xapi.command('HttpFeedback Deregister', {}), 'missing parameter', seconds)),
    body: await outcome(within(xapi.command('HttpFeedback Deregister', {FeedbackSlot: 1}, 'text'), 'body nobody takes', seconds)),
    value: await outcome(within(xapi.command('HttpFeedback Deregister', {FeedbackSlot: 99}), 'illegal parameter', seconds)),
    name: await outcome(within(xapi.command('HttpFeedback Deregister', {FeedbackSlot: 1, Wrong: 'x'}), 'unknown parameter', seconds)),
    failed: await outcome(within(xapi.command('HttpFeedback Enable', {FeedbackSlot: 3}), 'command that fails', seconds)),
    method: await outcome(within(xapi.execute('xWrong', {}), 'wrong method', seconds).catch((error) => { throw error; })),
  };
  told.complaints = errors;

  const closed = new Promise((resolve) => xapi.on('close', resolve));
  xapi.close();
  await within(closed, 'close', seconds);
  process.stdout.write(JSON.stringify(told), () => process.exit(0));
}

main().catch((error) => {
  process.stderr.write(`${error.stack || error}\n`);
  process.exit(1);
});
