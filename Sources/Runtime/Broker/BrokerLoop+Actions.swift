import Bytes
import Federation
import Ledger
import Measures
import Progressive
import Server
import Wire
import ZeroMQ

extension BrokerLoop {
  /// Does what the round engine asks for.
  func perform(_ action: BrokerAction) throws(ZMQError) {
    switch action {
    case .send(let topic, let message): try send(topic, message)
    case .prepare(let round): server.prepare(round: round)
    case .broadcast(let round, let broadcasts):
      for broadcast in broadcasts { try self.broadcast(broadcast, round: round) }
    case .repair(let round, let client, let step, let ranges):
      try repair(step, ranges, for: client, round: round)
    case .reserve(let client, let length):
      uploads[client] = Array(repeating: 0, count: length)
    case .receive(let client, let offset): receive(client, offset)
    case .store(let round, let client, let attempt, let submission):
      let bytes = uploads.removeValue(forKey: client) ?? []
      server.store(
        round: round, client: client, attempt: attempt, submission: submission, bytes: bytes)
    case .release(let client): uploads[client] = nil
    case .close(let result):
      let book = books.close()
      server.close(
        ClosedRound(result: result, book: book, total: books.total, elapsed: now))
      lastRound = result.round
    case .count(let name): books.count(name)
    case .notice(let notice):
      if case .gaveUp(let shortage, _) = notice {
        isGivenUp = true
        books.count(shortage.counter)
      }
      observer.noticed(notice)
    case .finished(let complete):
      result = complete
      if let lastRound { meters.request(after: lastRound, at: now) }
    }
  }

  private func send(_ topic: Topic, _ message: Wire.Message<Downlink>) throws(ZMQError) {
    let text = topic.text
    let envelope = Envelope.frame(message)
    let sizes = [text.utf8.count, envelope.count]
    try listen(on: .control)
    switch topic {
    case .client(let client):
      if case .welcome = message.body {
        books.greeted(client)
        log.write(.info, "client joined", ["client": .number(client)])
      }
      books.published(
        text, on: .control, frames: sizes, kind: .control, payload: 0, to: [client])
    case .all, .step:
      books.announced(text, frames: sizes, clients: machine.presentCount)
    }
    try publish([Frame(text), Frame(envelope)], onBulk: false)
    switch message.body {
    case .acknowledge(.accepted): KillPoint.updateAcknowledged.pass()
    case .announce(let announce) where announce.state == .open: noteOpening(message.header.round)
    default: break
    }
  }

  private func noteOpening(_ round: Int) {
    guard round != announced else { return }
    announced = round
    KillPoint.roundOpened.pass()
  }

  private func broadcast(_ broadcast: Broadcast, round: Int) throws(ZMQError) {
    guard let buffer = steps[broadcast.step.digest] else { return }
    let topic = Topic.step(broadcast.step.digest).text
    for client in broadcast.clients { books.listened(client, to: topic) }
    books.broadcast(topic, to: broadcast.clients)
    try sendChunks(
      of: broadcast.step, buffer, 0..<buffer.count, header: header(round), topic: topic,
      kind: broadcast.step.from == nil ? .keyframe : .delta, to: broadcast.clients)
  }

  private func repair(
    _ step: ModelPatch, _ ranges: [Range<Int>], for client: Int, round: Int
  ) throws(ZMQError) {
    guard let buffer = steps[step.digest] else { return }
    var header = header(round)
    header.client = client
    for range in ranges {
      bookLoss(of: step, buffer.count, range, header: header)
      try sendChunks(
        of: step, buffer, range, header: header, topic: Topic.client(client).text, kind: .repair,
        to: [client])
    }
  }

  private func header(_ round: Int) -> Header {
    Header(
      run: plan.run, epoch: plan.epoch, round: round, stage: machine.stage(of: round) ?? 0)
  }

  private func sendChunks(
    of step: ModelPatch, _ buffer: SharedBuffer, _ range: Range<Int>, header: Header, topic: String,
    kind: TrafficKind, to clients: [Int]
  ) throws(ZMQError) {
    let size = plan.limits.chunkBytes
    for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
      let chunk = start..<min(start + size, range.upperBound)
      let message = Message(
        header,
        Downlink.modelChunk(
          step: step.digest.prefix, offset: start, length: chunk.count))
      // SAFETY: the buffer outlives the closure, and the chunk lies within it.
      let envelope = unsafe buffer.bytes.withUnsafeBytes { bytes in
        unsafe Envelope.frame(message, payload: UnsafeRawBufferPointer(rebasing: bytes[chunk]))
      }
      try listen(on: .bulk)
      books.published(
        topic, on: .bulk, frames: [topic.utf8.count, envelope.count, chunk.count], kind: kind,
        payload: chunk.count, to: clients)
      try publish(
        [Frame(topic), Frame(envelope), Frame(buffer, range: chunk)], onBulk: true)
      KillPoint.modelSent.pass()
    }
  }

  /// Books that chunks of a broadcast of `length` bytes didn't arrive, which a client asks for again.
  private func bookLoss(of step: ModelPatch, _ length: Int, _ range: Range<Int>, header: Header) {
    guard let client = header.client else { return }
    let topic = Topic.step(step.digest).text
    let size = plan.limits.chunkBytes
    let first = range.lowerBound / size * size
    for start in stride(from: first, to: range.upperBound, by: size) {
      let end = min(start + size, length)
      let message = Message(
        header,
        Downlink.modelChunk(step: step.digest.prefix, offset: start, length: end - start))
      let payload = min(end, range.upperBound) - max(start, range.lowerBound)
      books.lost(
        topic, client, frames: [topic.utf8.count, Envelope.frame(message).count, payload],
        kind: step.from == nil ? .keyframe : .delta, payload: payload)
    }
  }

  private func receive(_ client: Int, _ offset: Int) {
    guard let current, current.frameCount == 2 else { return }
    // SAFETY: the round engine checked the range against the offer, whose length was reserved.
    unsafe current.withUnsafeBytes(of: 1) { payload in
      guard let count = uploads[client]?.count, offset + payload.count <= count else { return }
      unsafe uploads[client]?.withUnsafeMutableBytes { bytes in
        let place = unsafe UnsafeMutableRawBufferPointer(
          rebasing: bytes[offset..<offset + payload.count])
        unsafe place.copyMemory(from: payload)
      }
    }
  }
}
