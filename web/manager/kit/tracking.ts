// How systems are found on the network.
import type { Choice } from './form';

export const waysToTrack: Choice[] = [
  { value: 'host_name', label: 'Host name' },
  { value: 'address', label: 'Address' },
  { value: 'mac', label: 'MAC address' },
];

/** In a sentence: "host name". */
export const trackedBy = (how: string) => (waysToTrack.find((one) => one.value === how)?.label ?? how).replace(/^[HA]/, (first) => first.toLowerCase());
