import Bytes
import Federation
import Measures
import Wire

extension FaultSimulation {
  /// Starts a worker with nothing but its number.
  func startWorker(_ client: Int) {
    let before = clients[client]
    var process = ClientProcess()
    process.life = before.life + 1
    process.training = before.training + 1
    process.cuts = before.cuts
    process.silentCuts = before.silentCuts
    process.offset = .zero - now  // its clock begins with it
    process.topics = [.client(client), .all]
    process.machine = ClientMachine(
      identity: ClientIdentity(
        client: client, worker: chance.next(), plan: digests.plan,
        maximalStage: client == scenario.shallow && mutation != .ignoresCaps ? 1 : nil,
        attempt: before.life),
      limits: scenario.limits, jitter: RandomStream(key: chance.next()))
    clients[client] = process
    note("worker of client \(client) starts, attempt \(before.life)")
    reconnect(client)
    setAlarm(of: client)
  }

  /// Hands an event to a client's machine, checks it, and does what it answers.
  func tell(_ event: ClientEvent, to client: Int) {
    let local = now + clients[client].offset
    guard let actions = clients[client].machine?.handle(event, at: local) else { return }
    check(client, after: event, local)
    for action in actions { perform(action, for: client) }
    setAlarm(of: client)
  }

  /// When the client's machine wants its next tick, by its own clock.
  func alarm(of client: Int) -> Duration? {
    guard let machine = clients[client].machine else { return nil }
    if mutation == .sleepsWhileOffering, case .offering = machine.state { return nil }
    return machine.wakeTime
  }

  /// Queues the client's next tick, if none is queued that comes early enough.
  func setAlarm(of client: Int) {
    guard let wake = alarm(of: client) else { return }
    let time = moment(of: wake - clients[client].offset)
    if let tick = clients[client].tick, tick <= time { return }
    clients[client].tick = time
    schedule(.clientTick(client, life: clients[client].life), at: time)
  }

  /// A client's tick has come; it may be needless by now.
  func clientTick(_ client: Int, _ life: Int) {
    guard clients[client].life == life, clients[client].tick == now else { return }
    clients[client].tick = nil
    let local = now + clients[client].offset
    if let wake = alarm(of: client), wake <= local { tell(.tick, to: client) }
    setAlarm(of: client)
  }

  private func perform(_ action: ClientAction, for client: Int) {
    switch action {
    case .send(let message):
      note("client \(client) says \(message.summary)")
      send(message, from: client)
    case .sendUpdate(let header, let ranges): sendUpdate(header, ranges, of: client)
    case .welcomed, .turnedDown: break
    case .refused(let round, let reason, _):
      note("client \(client) hears that its update of round \(round) is refused: \(reason.name)")
    case .subscribe(let step):
      open(step, for: client)
      subscribe(client, to: .step(step.digest), true)
    case .unsubscribe(let digest): subscribe(client, to: .step(digest), false)
    case .reached(let segment): reach(segment, client)
    case .keep, .settled:
      if case .settled(let round, let accepted) = action { settle(round, accepted, client) }
      if case .keep(let states) = action { clients[client].states.formIntersection(states) }
      let wanted = Set(clients[client].machine?.interests.map(\.prefix) ?? [])
      clients[client].assemblies = clients[client].assemblies.filter { wanted.contains($0.key) }
    case .train(let task): train(task, client)
    case .finished(let end):
      note("client \(client) ends: \(end)")
      clients[client].ended = end
      clients[client].machine = nil
      disconnect(client)
    }
  }

  private func sendUpdate(_ header: Header, _ ranges: [Range<Int>], of client: Int) {
    guard let update = clients[client].update, update.round == header.round else {
      return violate(.kept, "client \(client) no longer has its update of round \(header.round)")
    }
    note("client \(client) sends \(ranges) of its update")
    for range in ranges {
      for start in stride(from: range.lowerBound, to: range.upperBound, by: chunkBytes) {
        let length = min(chunkBytes, range.upperBound - start)
        send(Message(header, .updateChunk(offset: start, length: length)), from: client)
      }
    }
    if mutation == .forgetsSentUpdates { clients[client].update = nil }
  }

  /// The largest payload of a chunk.
  var chunkBytes: Int { scenario.limits.chunkBytes }

  private func open(_ step: ModelPatch, for client: Int) {
    guard clients[client].assemblies[step.digest.prefix] == nil else { return }
    clients[client].assemblies[step.digest.prefix] = ClientProcess.Assembly(
      step: step, missing: RangeSet(0..<step.length))
  }

  /// Holds a state, if all steps that lead to it are whole.
  private func reach(_ segment: Segment, _ client: Int) {
    let assemblies = clients[client].assemblies
    var whole = segment
    whole.steps.removeAll { assemblies[$0.digest.prefix]?.missing.isEmpty != true }
    guard let path = whole.path(from: clients[client].states) else {
      return violate(.whole, "client \(client) goes on without all steps to \(segment.name)")
    }
    clients[client].states.formUnion(path.map(\.to))
  }

  private func settle(_ round: Int, _ accepted: Bool, _ client: Int) {
    if clients[client].update?.round == round { clients[client].update = nil }
    clients[client].training += 1
    guard accepted else { return }
    if !disk.isSafe(client, round: round) {
      violate(.durable, "client \(client) takes round \(round) for settled, but it isn't durable")
    }
  }

  /// A message has come for a client; chunks go through its store first.
  func take(_ message: Message<Downlink>, for client: Int) {
    var event = ClientEvent.message(message)
    if case .modelChunk(let step, let offset, let length) = message.body {
      guard var assembly = clients[client].assemblies[step] else { return }
      let wasComplete = assembly.missing.isEmpty
      assembly.missing.remove(contentsOf: offset..<offset + length)
      if !wasComplete, assembly.missing.isEmpty, isDamaged(client) {
        note("a step of client \(client) turns out damaged")
        assembly.missing = RangeSet(0..<assembly.step.length)
        event = .damaged(assembly.step.digest)
      }
      clients[client].assemblies[step] = assembly
      if mutation == .trainsOnHoles {
        let whole = Downlink.modelChunk(step: step, offset: 0, length: assembly.step.length)
        event = .message(Message(message.header, whole))
      }
    } else {
      note("client \(client) hears \(message.summary)")
    }
    tell(event, to: client)
  }

  private func isDamaged(_ client: Int) -> Bool {
    for fault in active {
      if case .damage(let whose, let probability) = fault.kind, whose ?? client == client,
        happens(probability)
      {
        return true
      }
    }
    return false
  }

  private func train(_ task: ClientTask, _ client: Int) {
    for segment in task.segments where !clients[client].states.contains(segment.state.prefix) {
      return violate(.whole, "client \(client) trains without all of \(segment.name)")
    }
    if client == scenario.shallow, task.stage > 1 {
      return violate(.fits, "client \(client) trains stage \(task.stage), beyond its memory")
    }
    clients[client].training += 1
    var time = pause(100...2500)
    for fault in active {
      if case .slowTraining(client, let extra) = fault.kind { time += extra }
    }
    let fails = !active.isEmpty && happens(0.05)
    let attempt = clients[client].machine?.identity.attempt ?? 0
    let offer =
      fails
      ? nil
      : digests.offer(client: client, round: task.round, attempt: attempt, base: task.base)
    note("client \(client) trains for round \(task.round)")
    schedule(
      .trained(client: client, training: clients[client].training, round: task.round, offer),
      at: now + time)
  }

  /// A client's training is over.
  func trained(_ client: Int, _ training: Int, _ round: Int, _ offer: Offer?) {
    guard clients[client].training == training else { return }
    if let offer {
      clients[client].update = (round, offer)
      tell(.trained(round: round, offer), to: client)
    } else {
      tell(.failed(round: round, .diverged, detail: "no usable step"), to: client)
    }
  }
}
