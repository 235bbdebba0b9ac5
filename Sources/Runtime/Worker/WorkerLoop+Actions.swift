import Bytes
import Federation
import Ledger
import LocalTraining
import Measures
import Wire
import ZeroMQ

extension WorkerLoop {
  /// Does what a client's machine asks for.
  func perform(_ action: ClientAction, for client: Int) throws {
    switch action {
    case .send(let message): send([Frame(Envelope.frame(message))])
    case .sendUpdate(let header, let ranges):
      for range in ranges { sendUpdate(header, range, of: client) }
    case .welcomed(let welcome):
      joined += 1
      if partition == nil || seed != welcome.seed {
        seed = welcome.seed
        partition = try workload.partition(seed: welcome.seed)
      }
      report(.joined(clients: joined, of: settings.clients.count))
      let samples = partition?[client].count ?? 0
      if samples == 0 { report(.hasNoSamples(client: client)) }
      try handle(.dealt(samples: samples), for: client)
    case .subscribe(let step):
      store.open(step)
      try listen(to: step.digest)
    case .unsubscribe(let digest): try stopListening(to: digest)
    case .reached(let segment): store.reach(segment)
    case .keep: noteStaleSegments()
    case .train(let task): train(task, for: client)
    case .settled(let round, let accepted):
      trainings.removeValue(forKey: client)?.cancel()
      offers[client] = nil
      let learned = learned.removeValue(forKey: client)
      if accepted, let learned { keep(learned, of: client, round: round) }
      noteStaleSegments()
      if accepted { report(.counted(client: client, round: round)) }
    case .refused(let round, let reason, let detail):
      report(.updateRefused(client: client, round: round, reason, detail: detail))
    case .turnedDown(let reason, let detail): turnDown(client, reason, detail)
    case .finished(let end):
      if case .refused(let reason, let detail) = end {
        report(.refused(client: client, reason, detail: detail))
      }
      ends.append(end)
      machines[client] = nil
    }
  }

  /// Has a client remember what came with an update that counts.
  private func keep(_ memory: ClientMemory, of client: Int, round: Int) {
    do throws(ClientStoreError) {
      try memories?.keep(memory, of: client)
    } catch {
      report(.forgot(client: client, round: round, detail: "\(error)"))
    }
  }

  private func sendUpdate(_ header: Header, _ range: Range<Int>, of client: Int) {
    guard let update = offers[client], range.upperBound <= update.count else { return }
    // As long as the broker says.
    let chunkBytes = (machines[client]?.limits ?? settings.limits).chunkBytes
    for start in stride(from: range.lowerBound, to: range.upperBound, by: chunkBytes) {
      let chunk = start..<min(start + chunkBytes, range.upperBound)
      let message = Message(header, Uplink.updateChunk(offset: start, length: chunk.count))
      // SAFETY: the buffer outlives the closure, and the chunk was cut from its range.
      let envelope = unsafe update.bytes.withUnsafeBytes { bytes in
        unsafe Envelope.frame(message, payload: UnsafeRawBufferPointer(rebasing: bytes[chunk]))
      }
      send([Frame(envelope), Frame(update, range: chunk)])
    }
  }

  /// Submits a client's training to the pool.
  private func train(_ task: ClientTask, for client: Int) {
    report(.training(client: client, round: task.round, stage: task.stage))
    let states = task.segments.compactMap { store.state($0.state) }
    noteStaleSegments()
    guard states.count == task.segments.count, let partition else {
      // The machine trains only when all states were reached; a worker that lost them says so.
      _ = inbox.push(
        .ended(
          client: client, round: task.round, .failed(.failed, detail: "segments are missing")))
      return
    }
    let cancellation = Cancellation()
    trainings[client] = cancellation
    let training = LocalTraining(
      workload: workload, task: task, client: client, seed: seed, states: states,
      samples: partition[client], memories: memories)
    pool.submit { [inbox] lane in
      guard !cancellation.isCancelled else { return }
      KillPoint.trainingBegun.pass()
      let result = training.run(on: lane)
      _ = inbox.push(.ended(client: client, round: task.round, result))
    }
  }

  /// Tells all trainings that haven't begun that they aren't needed.
  func cancelTrainings() {
    for training in trainings.values { training.cancel() }
    trainings = [:]
  }

  /// Takes in what reached the loop from other threads.
  func take(_ event: WorkerEvent) throws {
    switch event {
    case .ended(let client, let round, .trained(let offer, let update, let memory)):
      guard machines[client]?.task?.round == round else { return }
      KillPoint.updateTrained.pass()
      offers[client] = update
      learned[client] = memory
      try handle(.trained(round: round, offer), for: client)
    case .ended(let client, let round, .failed(let reason, let detail)):
      report(.declined(client: client, round: round, reason, detail: detail))
      try handle(.failed(round: round, reason, detail: detail), for: client)
    case .resolved(let isIPv6): try noteResolved(isIPv6: isIPv6)
    case .unresolved(let error): note(error)
    case .probed(let socket, let code): note(code, of: socket)
    case .stop:
      for client in settings.clients { try handle(.stop, for: client) }
    }
  }
}
