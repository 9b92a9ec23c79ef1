import { SegmentedControl } from '@mantine/core';
import type { Ticket } from '../../generated/api';
import { useGet } from '../kit/api';
import { choicesOf, Only, useFilter } from '../kit/filter';
import { Ago, Head, several, State, To, When } from '../kit/show';
import { Empty } from '../kit/states';
import { List, type Column } from '../kit/table';

export const ticketColumns: Column<Ticket>[] = [
  { id: 'severity', title: 'Severity', width: '6.5rem', cell: (one) => <State value={one.severity} />, csv: (one) => one.severity },
  { id: 'title', title: 'Ticket', width: 'minmax(10rem, 1fr)', cell: (one) => <To href={`/tickets/${one.id}`}>{one.title}</To>, csv: (one) => one.title },
  { id: 'system', title: 'System', width: 'minmax(9rem, 1fr)', cell: (one) => (one.system ? <To href={`/systems/${one.system}`}>{one.system_name}</To> : 'The manager itself'), csv: (one) => one.system_name },
  { id: 'text', title: 'What was seen', width: 'minmax(14rem, 2.5fr)', cell: (one) => one.text, csv: (one) => one.text },
  { id: 'opened', title: 'Since', width: '9rem', cell: (one) => <Ago at={one.opened} />, csv: (one) => one.opened },
  { id: 'state', title: 'State', width: '6rem', cell: (one) => <State value={one.state} />, csv: (one) => one.state },
  { id: 'assignee', title: 'Assigned to', width: '8rem', cell: (one) => one.assignee || '–', csv: (one) => one.assignee },
  { id: 'remedy', title: 'What to do', width: 'minmax(12rem, 2fr)', hidden: true, cell: (one) => one.remedy, csv: (one) => one.remedy },
  { id: 'updated', title: 'Seen again', width: '10rem', hidden: true, cell: (one) => <When at={one.updated} />, csv: (one) => one.updated },
  { id: 'times', title: 'Times', width: '5rem', hidden: true, cell: (one) => one.times_seen, csv: (one) => one.times_seen },
];

const severities = choicesOf([['critical', 'Critical'], ['warning', 'Warning'], ['notice', 'Notice']]);
const yesNo = choicesOf([['true', 'Yes'], ['false', 'No']]);

export default function Tickets() {
  const [filter, set] = useFilter('/tickets', { state: 'open' });
  const counts = useGet('GET /tickets/counts');
  const total = counts.data;
  return (
    <>
      <Head title="Tickets">{total && `${several(total.open, 'open ticket')}, ${total.snoozed} snoozed, ${total.unassigned} assigned to nobody.`}</Head>
      <List
        operation="GET /tickets"
        name="tickets"
        query={filter}
        rows={(page) => page.tickets}
        columns={ticketColumns}
        id={(one) => one.id}
        href={(one) => `/tickets/${one.id}`}
        full
        empty={<Empty title={filter.state === 'open' ? 'No open tickets' : 'No tickets'}>{filter.state === 'open' ? 'Everything that is watched is in order.' : undefined}</Empty>}
        tools={
          <div className="filters">
            <SegmentedControl aria-label="State" data={[{ value: 'open', label: 'Open' }, { value: 'snoozed', label: 'Snoozed' }, { value: 'closed', label: 'Closed' }, { value: 'all', label: 'All' }]} value={filter.state} onChange={(state) => set({ state })} />
            <Only label="Severity" field="severity" choices={severities} filter={filter} set={set} />
            <Only label="Type" field="type" choices={(total?.by_type ?? []).map((one) => ({ value: one.type, label: `${one.title} (${one.count})` }))} filter={filter} set={set} width={240} />
            <Only label="Acknowledged" field="acknowledged" choices={yesNo} filter={filter} set={set} width={130} />
          </div>
        }
      />
    </>
  );
}
