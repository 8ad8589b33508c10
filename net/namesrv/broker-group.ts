import { assert } from '../../engine/base/assert.ts'
import type { DataVersion } from '../protocol/data-version.ts'
import { MASTER_ID } from '../protocol/topic-route.ts'

/** What a broker registered over: its connection. */
export interface BrokerOwner {
  destroy(reason: Error): Promise<void>
}

/** One broker process as it registered (Java: BrokerLiveInfo and its neighbours). */
export interface BrokerMember {
  readonly clusterName: string
  readonly brokerName: string
  readonly brokerId: number
  readonly brokerAddress: string
  /** Where slaves replicate from. */
  readonly haServerAddress: string
  /** Version of the topics that it registered. */
  readonly dataVersion: DataVersion
  readonly filterServers: readonly string[]
  /** It is gone when nothing was heard of it for this long, in milliseconds. */
  readonly heartbeatTimeoutMs: number
  /** Reading of the table's clock when it was last heard of, in milliseconds. */
  lastHeardMs: number
  /** The connection over which it registered: it is gone when that is. */
  readonly owner: BrokerOwner
}

/** A master and its slaves: all brokers of one name (Java: BrokerData). */
export class BrokerGroup {
  /** The cluster that the first of them named. */
  readonly cluster: string
  readonly brokerName: string
  zoneName: string | undefined
  /** The lowest slave may stand in for a lost master. */
  enableActingMaster = false
  readonly #members = new Map<number, BrokerMember>()

  constructor(cluster: string, brokerName: string) {
    this.cluster = cluster
    this.brokerName = brokerName
  }

  get size(): number {
    return this.#members.size
  }

  get hasMaster(): boolean {
    return this.#members.has(MASTER_ID)
  }

  get master(): BrokerMember | undefined {
    return this.#members.get(MASTER_ID)
  }

  /** The lowest id in the group, undefined when it is empty. */
  get brokerIdMin(): number | undefined {
    return this.#members.size === 0 ? undefined : Math.min(...this.#members.keys())
  }

  members(): BrokerMember[] {
    return [...this.#members.values()]
  }

  /** Addresses by broker id. */
  addresses(): Map<number, string> {
    return new Map([...this.#members].map(([brokerId, member]) => [brokerId, member.brokerAddress]))
  }

  memberWithId(brokerId: number): BrokerMember | undefined {
    return this.#members.get(brokerId)
  }

  memberAt(clusterName: string, brokerAddress: string): BrokerMember | undefined {
    return this.members().find(
      (member) => member.brokerAddress === brokerAddress && member.clusterName === clusterName,
    )
  }

  /** Adds `member`, in place of the one with its id. */
  add(member: BrokerMember): void {
    assert(member.brokerName === this.brokerName, 'a member is in the group of its name')
    this.#members.set(member.brokerId, member)
    this.#invariants()
  }

  /** Removes whoever has this address, except the one with id `exceptId`. */
  removeAddress(brokerAddress: string, exceptId?: number): BrokerMember[] {
    const removed = this.members().filter(
      (member) => member.brokerAddress === brokerAddress && member.brokerId !== exceptId,
    )
    for (const { brokerId } of removed) this.#members.delete(brokerId)
    return removed
  }

  /** An address serves one id only: a slave that became master left its old id. */
  #invariants(): void {
    const addresses = new Set(this.addresses().values())
    assert(addresses.size === this.#members.size, 'every member has its own address')
  }
}
