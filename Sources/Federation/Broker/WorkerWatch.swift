import Measures
import Wire

/// The watch over workers: who came and went that people weren't told of yet, and who is silent.
///
/// News wait for the next announcement, so that the clients of one worker are told of together.
/// Where nothing is known of a worker but its number, as in virtual time, nobody is told.
package struct WorkerWatch: Hashable, Sendable {
  private var came: [UInt64: Set<Int>] = [:]
  private var left: [UInt64: WorkerGroup] = [:]
  private var vanished: [UInt64: WorkerGroup] = [:]
  /// The clients that were told of as gone, and aren't back as far as people know.
  private var gone: Set<Int> = []
  /// The clients that were told of as silent.
  private var silent: Set<Int> = []
  /// The idle workers that were asked whether they are there, and weren't heard since.
  private var asked: Set<UInt64> = []
  /// The workers all of whose clients were told of as silent.
  private var lost: Set<UInt64> = []
  /// True once a worker came of which people know more than a number.
  private var isActive = false

  /// A watch over nobody.
  package init() {}

  /// Notes that a client was taken in, in place of the member that it was before, if it was one.
  package mutating func admitted(_ client: Int, as member: Member, after before: Member?) {
    guard member.place != nil else { return }
    isActive = true
    vanished[member.worker]?.clients.removeAll { $0 == client }
    if let before, before.worker == member.worker {
      // It only says again that it is there, unless people take its connection for gone; whom they
      // take for gone over a connection that is there is heard again.
      guard before.isGone, gone.contains(client) else { return }
    }
    gone.remove(client)
    came[member.worker, default: []].insert(client)
  }

  /// Notes that a member said that it goes.
  package mutating func left(_ client: Int, _ member: Member) {
    gone.remove(client)
    note(client, member, in: \.left)
  }

  /// Notes that nobody listens for a member any more, or that it is taken for gone though somebody
  /// does.
  package mutating func vanished(_ client: Int, _ member: Member) {
    note(client, member, in: \.vanished)
  }

  private mutating func note(
    _ client: Int, _ member: Member, in list: WritableKeyPath<WorkerWatch, [UInt64: WorkerGroup]>
  ) {
    guard let place = member.place else { return }
    came[member.worker]?.remove(client)
    self[keyPath: list][member.worker, default: WorkerGroup(place: place, clients: [])]
      .clients.append(client)
  }

  /// The news since the last time, at `now`; none at a run's end, when all go.
  package mutating func news(
    _ members: Members, _ state: BrokerState, silence: Duration, at now: Duration
  ) -> [WorkerNews] {
    guard isActive else { return [] }
    defer { (came, left, vanished) = ([:], [:], [:]) }
    switch state.kind {
    case .farewell, .ended: return []
    default: break
    }
    var news = Self.sorted(left.values).map { WorkerNews.left($0) }
    let away = vanished.values.map { group in
      let clients = Set(group.clients).subtracting(gone)
      return WorkerGroup(
        place: group.place, clients: clients.filter { !members.presence.contains($0) })
    }
    gone.formUnion(away.flatMap(\.clients))
    news += Self.sorted(away).map { .vanished($0) }
    let newcomers = came.compactMap { worker, clients -> WorkerGroup? in
      let clients = clients.filter { members[$0]?.worker == worker }
      guard let place = clients.min().flatMap({ members[$0]?.place }) else { return nil }
      return WorkerGroup(place: place, clients: Array(clients))
    }
    news += Self.sorted(newcomers).map { .came($0) }
    return news + silences(members, state, silence, at: now)
  }

  /// The clients that have become silent, and those that are heard again, also of those that were
  /// taken for gone.
  private mutating func silences(
    _ members: Members, _ state: BrokerState, _ silence: Duration, at now: Duration
  ) -> [WorkerNews] {
    let busy = Self.busy(state)
    let quiet = Self.quiet(members, for: silence, at: now)
    var still: Set<Int> = []
    var new: [UInt64: WorkerGroup] = [:]
    var back: [UInt64: WorkerGroup] = [:]
    for (client, member) in members.all {
      guard let place = member.place, members.presence.contains(client) else { continue }
      if gone.remove(client) != nil {
        back[member.worker, default: WorkerGroup(place: place, clients: [])].clients.append(client)
        continue
      }
      let isQuiet =
        quiet.contains(member.worker)
        && (asked.contains(member.worker) || silent.contains(client))
      guard isQuiet || busy.contains(client) && state.silence(of: member, at: now) >= silence
      else {
        guard silent.contains(client),
          lost.contains(member.worker) || now - member.lastHeard < silence
        else { continue }
        back[member.worker, default: WorkerGroup(place: place, clients: [])].clients.append(client)
        continue
      }
      still.insert(client)
      guard !silent.contains(client) else { continue }
      new[member.worker, default: WorkerGroup(place: place, clients: [])].clients.append(client)
    }
    silent = still
    lost = quiet.intersection(asked)
    return Self.sorted(new.values).map { .silent($0, for: silence) }
      + Self.sorted(back.values).map { .heard($0) }
  }

  /// The questions to clients whether they are there: to one of each worker that wasn't heard for
  /// half of the silence limit, as one that lives says something more often.
  ///
  /// An answer is a JOIN. By it a client takes back that it can't train: none that said so is
  /// asked, and none that is at work, whose own word is waited for.
  mutating func questions(
    _ members: Members, _ state: BrokerState, _ plan: BrokerPlan, at now: Duration
  ) -> [BrokerAction] {
    guard isActive else { return [] }
    let quiet = Self.quiet(members, for: plan.limits.silence / 2, at: now)
    asked.formIntersection(quiet)
    let new = quiet.subtracting(asked)
    guard !new.isEmpty else { return [] }
    let busy = Self.busy(state)
    var chosen: [UInt64: Int] = [:]
    for (client, member) in members.all where new.contains(member.worker) {
      guard members.presence.contains(client), !busy.contains(client),
        members.restrictions[client] == nil
      else { continue }
      chosen[member.worker] = min(client, chosen[member.worker] ?? client)
    }
    asked.formUnion(chosen.keys)
    return chosen.sorted { $0.value < $1.value }.map { plan.askToJoin($0.value, worker: $0.key) }
  }

  /// The clients whose work is waited for.
  private static func busy(_ state: BrokerState) -> Set<Int> {
    Set((state.work?.progress ?? [:]).lazy.filter { !$0.value.isSettled }.map(\.key))
  }

  /// The workers of which people know more than a number, and of whose clients none was heard
  /// within `silence`.
  private static func quiet(
    _ members: Members, for silence: Duration, at now: Duration
  ) -> Set<UInt64> {
    var heard: [UInt64: Duration] = [:]
    for (_, member) in members.all where member.place != nil {
      heard[member.worker] = max(member.lastHeard, heard[member.worker] ?? member.lastHeard)
    }
    return Set(heard.lazy.filter { now - $0.value >= silence }.map(\.key))
  }

  /// Groups with their clients in rising order, in the order of their first clients; none that is
  /// empty.
  private static func sorted(_ groups: some Sequence<WorkerGroup>) -> [WorkerGroup] {
    groups.filter { !$0.clients.isEmpty }
      .map { WorkerGroup(place: $0.place, clients: $0.clients.sorted()) }
      .sorted { ($0.clients[0], $0.place.name) < ($1.clients[0], $1.place.name) }
  }
}

extension BrokerState {
  /// The time for which a member that is at work hasn't been heard: one that wasn't asked had
  /// nothing to say.
  package func silence(of member: Member, at now: Duration) -> Duration {
    guard case .open(let round) = self else { return now - member.lastHeard }
    return now - max(member.lastHeard, round.opened)
  }
}
