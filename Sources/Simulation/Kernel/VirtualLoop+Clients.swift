import Codecs
import Federation
import Ledger
import Links
import Measures
import Models
import Server
import Topology
import Wire
import ZMTP

extension VirtualLoop {
  /// Hands an event to a client's machine, does what it answers, and sets its timer.
  func handle(_ event: ClientEvent, for client: Int) {
    let actions = clients[client].machine.handle(event, at: now)
    for action in actions { perform(action, for: client) }
    note(client)
    setTimer(of: client)
  }

  /// Remembers whether what is said to all means something to a client.
  private func note(_ client: Int) {
    if clients[client].machine.task != nil {
      activeClients.insert(client)
    } else {
      activeClients.remove(client)
    }
    if clients[client].machine.membership?.epoch == plan.epoch { unjoinedListeners.remove(client) }
  }

  /// Sets a client's timer; while it isn't connected, time stands still for it.
  func setTimer(of client: Int) {
    guard clients[client].isConnected, let wake = clients[client].machine.wakeTime else {
      clients[client].timer += 1
      clients[client].timerTime = nil
      return
    }
    let time = events.moment(of: wake)
    guard time != clients[client].timerTime else { return }
    clients[client].timer += 1
    clients[client].timerTime = time
    events.insert(.clientWake(client, clients[client].timer), at: time)
  }

  private func perform(_ action: ClientAction, for client: Int) {
    switch action {
    case .send(let message):
      let frames = [Envelope.frame(message).count]
      var kind = TrafficKind.control
      if case .heartbeat = message.body { kind = .heartbeat }
      sendUp(
        client,
        SimulatedMessage(
          .uplink(message, nil), frames: frames, kind: kind, wire: cost.message(frames).bytes))
    case .sendUpdate(let header, let ranges):
      for range in ranges { sendUpdate(header, range, of: client) }
    case .refused: break  // the broker tells it
    // All clients of a simulation share the model's states.
    case .welcomed, .turnedDown, .reached, .keep: break
    case .subscribe(let step):
      clients[client].steps.append(step.digest)
      subscribe(client, to: .step(step.digest), isBulk: true)
    case .unsubscribe(let digest):
      clients[client].steps.removeAll { $0 == digest }
      unsubscribe(client, from: .step(digest), isBulk: true)
    case .train(let task): train(task, client)
    case .settled(_, let accepted):
      cancelWork(of: client)
      if accepted, let update = clients[client].update {
        attempt { try desk.keep(update, of: client) }
      }
      clients[client].update = nil
    case .finished: leave(client)
    }
  }

  private func sendUpdate(_ header: Header, _ range: Range<Int>, of client: Int) {
    guard let update = clients[client].update, range.upperBound <= update.length else { return }
    let size = plan.limits.chunkBytes
    for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
      let length = min(size, range.upperBound - start)
      let message = Wire.Message(header, Uplink.updateChunk(offset: start, length: length))
      let frames = [Envelope.frame(message).count, length]
      sendUp(
        client,
        SimulatedMessage(
          .uplink(message, update), frames: frames, kind: .update, payload: length,
          wire: cost.message(frames).bytes))
    }
  }

  /// The client's device begins to train; when it ends, and whether it drops out, is known at once.
  private func train(_ task: ClientTask, _ client: Int) {
    clients[client].works += 1
    let number = clients[client].works
    if clients[client].progress.round != task.round {
      clients[client].progress = ClientProgress(round: task.round)
    }
    clients[client].progress.downloaded = now
    let device = clients[client].device
    let time = trainingTime(of: task, client)
    var work = VirtualClient.Work(number: number, task: task, update: nil, end: now + time)
    if clients[client].droppedOutIn != task.round,
      let share = device.dropOut(inRound: task.round - 1)
    {
      events.insert(.dropOut(client, work: number), at: now + time * share)
    } else {
      let isLikely = work.end <= timeline.opened + topology.rules.deadline
      attempt { work.update = try desk.begin(task, client: client, isLikely: isLikely) }
      events.insert(.trained(client, work: number), at: work.end)
    }
    clients[client].work = work
  }

  private func trainingTime(of task: ClientTask, _ client: Int) -> Duration {
    let architecture = topology.architecture
    let trained = Set(task.segments.indices.filter { task.segments[$0].trained })
    let key = TrainingCost(stage: task.stage, trained: trained)
    let flops =
      trainingFLOPs[key] ?? architecture.trainingFLOPs(stage: task.stage, trainable: trained)
    trainingFLOPs[key] = flops
    return clients[client].device.trainingTime(
      forSamples: desk.samples(of: client) * topology.training.epochs,
      flopsPerSample: Double(flops),
      fullFlopsPerSample: Double(architecture.trainingFLOPs(stage: architecture.stages)))
  }

  /// The moment at which a training ends, unless something came between.
  func finishWork(of client: Int, _ number: Int) {
    guard let work = clients[client].work, work.number == number, work.left == nil else { return }
    guard now >= work.end else {
      // It was held up meanwhile.
      events.insert(.trained(client, work: number), at: work.end)
      return
    }
    clients[client].work = nil
    clients[client].progress.trained = now
    guard let update = work.update else { return }
    switch update.outcome() {
    case .trained(let offer, let update):
      clients[client].update = update
      handle(.trained(round: work.task.round, offer), for: client)
    case .failed(let reason, let detail):
      handle(.failed(round: work.task.round, reason, detail: detail), for: client)
    }
  }

  /// A device stops in the middle of a training and isn't seen again in this round.
  func dropOut(_ client: Int, _ number: Int) {
    guard let work = clients[client].work, work.number == number else { return }
    clients[client].droppedOutIn = work.task.round
    books.count("drop-out: in training")
    kill(client)
    begin(.droppedOut, of: client, until: now + topology.rules.deadline)
  }

  /// Nobody needs any more what a client's device is activeClients with.
  func cancelWork(of client: Int) {
    clients[client].work?.update?.cancel()
    clients[client].work = nil
  }

  /// A device that is away holds its work up.
  func pauseWork(of client: Int) {
    guard let work = clients[client].work, work.left == nil else { return }
    clients[client].work?.left = max(.zero, work.end - now)
  }

  /// A device that is back goes on where it was.
  func resumeWork(of client: Int) {
    guard let work = clients[client].work, let left = work.left else { return }
    clients[client].work?.left = nil
    clients[client].work?.end = now + left
    events.insert(.trained(client, work: work.number), at: now + left)
  }

  /// A client's part of the run is over: its sockets are closed once what it said is through.
  private func leave(_ client: Int) {
    guard !clients[client].hasEnded else { return }
    clients[client].hasEnded = true
    disconnect(client, .clean)
  }
}

/// What a training's computation depends on.
struct TrainingCost: Hashable {
  var stage: Int
  var trained: Set<Int>
}
