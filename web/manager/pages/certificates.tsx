import type { Certificate } from '../../generated/api';
import { shortName } from '../kit/chain';
import { ends, Only, SearchBox, useFilter } from '../kit/filter';
import { Fingerprint, Head, plainWords, State, To, When } from '../kit/show';
import { Empty } from '../kit/states';
import { List, type Column } from '../kit/table';

const columns: Column<Certificate>[] = [
  { id: 'subject', title: 'Subject', width: 'minmax(12rem, 2fr)', cell: (one) => <To href={`/certificates/${one.fingerprint}`}>{shortName(one.subject)}</To>, csv: (one) => one.subject },
  { id: 'system', title: 'System', width: 'minmax(9rem, 1fr)', cell: (one) => (one.system ? <To href={`/systems/${one.system}`}>{one.system_name}</To> : '–'), csv: (one) => one.system_name },
  { id: 'state', title: 'State', width: '7rem', cell: (one) => <State value={one.state} />, csv: (one) => one.state },
  { id: 'purpose', title: 'Purpose', width: '8rem', cell: (one) => plainWords(one.purpose), csv: (one) => one.purpose },
  { id: 'not_after', title: 'Ends', sort: 'not_after', width: '11rem', cell: (one) => <When at={one.not_after} day with_ago />, csv: (one) => one.not_after },
  { id: 'renew_at', title: 'Renewed at', width: '9rem', cell: (one) => <When at={one.renew_at} day />, csv: (one) => one.renew_at },
  { id: 'issuer', title: 'Issuer', width: 'minmax(9rem, 1fr)', cell: (one) => shortName(one.issuer_subject), csv: (one) => one.issuer_subject },
  { id: 'key', title: 'Key', width: '7rem', hidden: true, cell: (one) => one.key, csv: (one) => one.key },
  { id: 'fingerprint', title: 'SHA-256', width: '13rem', hidden: true, cell: (one) => <Fingerprint value={one.fingerprint} />, csv: (one) => one.fingerprint },
  { id: 'serial', title: 'Serial number', width: '12rem', hidden: true, cell: (one) => one.serial, csv: (one) => one.serial },
];
const states = ['issued', 'pending', 'served', 'trusted', 'replaced', 'unused', 'revoked', 'expired'];

export default function Certificates() {
  const [filter, set] = useFilter('/certificates');
  return (
    <>
      <Head title="Certificates">Every certificate that the manager issued or saw; the one that ends first is at the top.</Head>
      <List
        operation="GET /certificates"
        name="certificates"
        query={filter}
        rows={(page) => page.certificates}
        columns={columns}
        id={(one) => one.fingerprint}
        href={(one) => `/certificates/${one.fingerprint}`}
        full
        empty={<Empty title="No certificate fits" />}
        tools={
          <div className="filters">
            <SearchBox value={filter.text ?? ''} set={(text) => set({ text })} placeholder="Name, serial number, SHA-256…" />
            <Only label="State" field="state" choices={states.map((value) => ({ value, label: plainWords(value) }))} filter={filter} set={set} />
            <Only label="Ends" field="expires_before" choices={ends(filter)} filter={filter} set={(change) => set({ ...change, expires_after: '' })} width={160} />
          </div>
        }
      />
    </>
  );
}
