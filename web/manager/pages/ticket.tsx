import { Button, Group } from '@mantine/core';
import type { Ticket } from '../../generated/api';
import { call, useGet } from '../kit/api';
import { useAsk } from '../kit/ask';
import { useMay } from '../kit/session';
import { Card, Fact, Facts, Head, plainWords, State, To, When } from '../kit/show';
import { Loaded } from '../kit/states';

function Actions({ ticket }: { ticket: Ticket }) {
  const may = useMay();
  const ask = useAsk();
  if (!may('PATCH /tickets/{id}')) return null;
  const change = (body: object) => call('PATCH /tickets/{id}', { params: { id: ticket.id }, body: body as never });
  const open = ticket.state === 'open';
  return (
    <Group gap="xs">
      {open && !ticket.acknowledged && <Button variant="default" onClick={() => ask({ title: 'Acknowledge', text: 'Others see that you know of it and work on it.', button: 'Acknowledge', fields: [{ name: 'comment', label: 'Comment' }], run: ({ comment }) => change({ acknowledged: true, ...(comment ? { comment } : {}) }) })}>Acknowledge</Button>}
      {open && <Button variant="default" onClick={() => ask({ title: 'Assign', button: 'Assign', fields: [{ name: 'assignee', label: 'Account', value: ticket.assignee, help: 'Empty: nobody' }], run: ({ assignee }) => change({ assignee: assignee ?? '' }) })}>Assign</Button>}
      {open && <Button variant="default" onClick={() => ask({ title: 'Snooze', text: 'It is out of the lists until then, unless it gets worse.', button: 'Snooze', fields: [{ name: 'until', label: 'Until', kind: 'time', required: true }], run: ({ until }) => change({ snoozed_until: new Date(until).toISOString().slice(0, 19) + 'Z' }) })}>Snooze</Button>}
      {ticket.snoozed_until && <Button variant="default" onClick={() => ask({ title: 'Wake it', button: 'End the snooze', run: () => change({ snoozed_until: null }) })}>End the snooze</Button>}
      <Button variant="default" onClick={() => ask({ title: 'Comment', button: 'Add', fields: [{ name: 'comment', label: 'Comment', kind: 'area', required: true }], run: ({ comment }) => change({ comment }) })}>Comment</Button>
      <Button variant="default" onClick={() => ask({ title: open ? 'Close the ticket' : 'Open it again', text: open ? 'It opens again by itself when its cause is seen again.' : 'It stays open until a person closes it.', button: open ? 'Close it' : 'Open it', fields: [{ name: 'comment', label: 'Reason' }], run: ({ comment }) => change({ state: open ? 'closed' : 'open', ...(comment ? { comment } : {}) }) })}>{open ? 'Close' : 'Open again'}</Button>
    </Group>
  );
}

export default function TicketPage({ id }: { id: string }) {
  const ticket = useGet('GET /tickets/{id}', { params: { id } });
  const events = useGet('GET /tickets/{id}/events', { params: { id }, query: { limit: 1000 } });
  return (
    <Loaded of={ticket} lines={8} operation="GET /tickets/{id}">
      {(one) => (
        <>
          <Head title={one.title} crumbs={[['Tickets', '/tickets']]} actions={<Actions ticket={one} />}>
            {one.system ? <To href={`/systems/${one.system}`}>{one.system_name}</To> : 'The manager itself'} · <State value={one.severity} /> <State value={one.state} />
          </Head>
          <div className="stack" data-ready="ticket">
            <Card title="What was seen">
              <p className="loud">{one.text}</p>
              <p>
                <b>What to do:</b> {one.remedy}
              </p>
              {one.system > 0 && (
                <p>
                  <To href={`/systems/${one.system}/evidence`}>The evidence for each service</To> · <To href={`/systems/${one.system}/certificate`}>Its certificate</To> ·{' '}
                  <To href={`/systems/${one.system}/connection`}>Its connection settings</To>
                </p>
              )}
            </Card>
            <Card title="Facts">
              <Facts>
                <Fact name="Opened"><When at={one.opened} with_ago /></Fact>
                <Fact name="Seen last"><When at={one.updated} with_ago /></Fact>
                <Fact name="Times seen">{one.times_seen}</Fact>
                <Fact name="Assigned to">{one.assignee}</Fact>
                <Fact name="Acknowledged by">{one.acknowledged_by}</Fact>
                {one.snoozed_until && <Fact name="Snoozed until"><When at={one.snoozed_until} /></Fact>}
                {one.closed && <Fact name="Closed"><When at={one.closed} with_ago /></Fact>}
                {one.subject && <Fact name="About">{one.subject}</Fact>}
              </Facts>
            </Card>
            <Card title="History">
              <Loaded of={events}>
                {(page) => (
                  <ol className="line">
                    {page.events.map((event) => (
                      <li key={event.id} className={event.kind === 'closed' ? 'good' : event.kind === 'opened' || event.kind === 'escalated' ? 'bad' : ''}>
                        <b>{plainWords(event.kind)}</b> by {event.actor} · <When at={event.at} />
                        {event.text && <div className="dimmed">{event.text}</div>}
                      </li>
                    ))}
                  </ol>
                )}
              </Loaded>
            </Card>
          </div>
        </>
      )}
    </Loaded>
  );
}
