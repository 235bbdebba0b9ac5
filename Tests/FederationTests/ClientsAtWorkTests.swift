import Federation
import Testing
import Wire

struct ClientsAtWorkTests {
  @Test func `updates are granted in the order of their offers while there is room`() {
    var work = ClientsAtWork.asked(0, 1, 2)
    work.offer(2, length: 60)
    work.offer(0, length: 60)
    work.offer(1, length: 30)
    #expect(work.grant(bytes: 100) == [2])
    // The smaller update behind waits for its turn.
    #expect(work.grant(bytes: 100).isEmpty)
    #expect(work.receive(0..<60, of: 2, attempt: 0) == .completes(submission(60)))
    #expect(work.grant(bytes: 100).isEmpty, "what is being stored takes room")
    work.accept(submission(60), of: 2)
    #expect(work.grant(bytes: 100) == [0, 1])
  }

  @Test func `an update beyond the limit goes alone`() {
    var work = ClientsAtWork.asked(0, 1)
    work.offer(0, length: 500)
    work.offer(1, length: 10)
    #expect(work.grant(bytes: 100) == [0])
    #expect(work.room.bytesInFlight == 500)
  }

  @Test func `a waiting client that is gone is passed over and offers again`() {
    var work = ClientsAtWork.asked(0, 1)
    work.offer(0)
    work.offer(1)
    #expect(work.grant([1]) == [1])
    #expect(work.progress[0] == .working)
    work.offer(0)
    #expect(work.grant() == [0])
  }

  @Test func `an offer that is repeated is answered by its state`() {
    var work = ClientsAtWork.asked(0)
    #expect(work.offer(0, length: 20) == .isQueued)
    #expect(work.offer(0, length: 20) == .isKnown)
    work.grant()
    #expect(work.receive(0..<5, of: 0, attempt: 0) == .isKept)
    #expect(work.offer(0, length: 20) == .isMissing([5..<20]))
    #expect(work.receive(5..<20, of: 0, attempt: 0) == .completes(submission(20)))
    #expect(work.offer(0, length: 20) == .isKnown)
    work.accept(submission(20), of: 0)
    #expect(work.offer(0, length: 20) == .isDuplicate)
    #expect(work.duplicates == 1)
  }

  @Test func `another offer frees the room of the first`() {
    var work = ClientsAtWork.asked(0)
    work.offer(0, length: 20)
    work.grant()
    let (answer, releases) = work.offer(
      0, submission(30), attempt: 1, limit: 1000, isFromKnownModel: true)
    #expect(answer == .isQueued && releases)
    #expect(work.room.bytesInFlight == 0 && work.room.receivers.isEmpty)
  }

  @Test func `offers that can't count are refused`() {
    var work = ClientsAtWork.asked(0, 1, 2)
    #expect(
      work.offer(0, length: 1001)
        == .isRefused(.tooLarge, detail: "1001 bytes; at most 1000 can be needed"))
    let other = work.offer(1, submission(10), attempt: 0, limit: 1000, isFromKnownModel: false)
    #expect(other.answer == .isRefused(.wrongBase, detail: "trained from another model"))
    // It took the right model after all.
    #expect(work.offer(1) == .isQueued)
    var empty = submission(10)
    empty.offer.samples = 0
    #expect(
      work.offer(2, empty, attempt: 0, limit: 1000, isFromKnownModel: true).answer
        == .isWeightless)
    #expect(work.offer(2) == .isRefused(.malformed, detail: "it was refused before"))
  }

  @Test func `chunks of no use are named`() {
    var work = ClientsAtWork.asked(0)
    #expect(work.receive(0..<5, of: 0, attempt: 0) == .isUseless("unexpected chunk"))
    work.offer(0, length: 20)
    work.grant()
    #expect(work.receive(0..<5, of: 0, attempt: 1) == .isUseless("unexpected chunk"))
    #expect(work.receive(15..<25, of: 0, attempt: 0) == .isUseless("chunk beyond an update"))
    #expect(work.receive(0..<5, of: 0, attempt: 0) == .isKept)
    #expect(work.receive(0..<5, of: 0, attempt: 0) == .isUseless("repeated chunk"))
  }

  @Test func `clients that were asked are counted until they are settled`() {
    var work = ClientsAtWork.asked(0, 1, 2)
    #expect((work.invited, work.unsettled) == (3, 3))
    work.advance(0, to: .working)
    #expect((work.invited, work.unsettled) == (2, 3))
    #expect(work.decline(0, .noData) == .isNoted(releases: false))
    #expect(work.leave(1) == .isNoted(releases: false))
    #expect((work.invited, work.unsettled) == (1, 1))
    #expect(work.decline(0, .noData) == .isIgnored)
    work.accept(submission(10), of: 2)
    #expect((work.unsettled, work.accepted, work.acceptedLate) == (0, 1, 0))
  }

  @Test func `late clients are counted apart and go on in the order of their numbers`() {
    var earlier = ClientsAtWork(round: 2)
    for client in [3, 1, 2] {
      earlier.carry(
        client, of: 1, at: .offered(submission(10), attempt: 0, place: 0))
    }
    var work = ClientsAtWork(round: 3)
    work.carry(from: earlier)
    #expect((work.unsettled, work.unsettledLate) == (0, 3))
    #expect((work.origin(of: 1), work.origin(of: 0)) == (1, nil))
    #expect(work.grant(bytes: 20) == [1, 2])
    work.accept(submission(10), of: 1)
    #expect((work.accepted, work.acceptedLate, work.unsettledLate) == (0, 1, 2))
  }

  @Test func `a late client is given up unless its update is whole`() {
    var work = ClientsAtWork(round: 2)
    work.carry(0, of: 1, at: .storing(submission(10), attempt: 0))
    work.carry(1, of: 1, at: .receiving(submission(10), attempt: 0, missing: RangeSet(0..<10)))
    work.invite(2)
    #expect(work.giveUp(0) == .isIgnored)
    #expect(work.giveUp(2) == .isIgnored, "it isn't late")
    #expect(work.giveUp(1) == .isNoted(releases: true, counts: "late update given up"))
    #expect(work.givenUp == [1] && work.origin(of: 1) == nil)
    #expect(work.room.bytesInFlight == 10 && work.room.receivers.isEmpty)
  }

  @Test func `a late client that leaves is given up`() {
    var work = ClientsAtWork(round: 2)
    work.carry(0, of: 1, at: .receiving(submission(10), attempt: 0, missing: RangeSet(0..<10)))
    let end = work.leave(0)
    #expect(end.actions(of: 0) == [.release(client: 0), .count("late update given up")])
    #expect(work.progress[0] == nil && work.room.bytesInFlight == 0)
  }

  @Test func `a leave to send is taken back once`() {
    var work = ClientsAtWork.asked(0)
    #expect(work.withdrawGrant(of: 0) == .isIgnored)
    work.offer(0)
    work.grant()
    #expect(work.withdrawGrant(of: 0) == .isNoted(releases: true, counts: "grant withdrawn"))
    #expect(work.withdrawGrant(of: 0).actions(of: 0) == nil)
    #expect(work.progress[0] == .working)
  }

  @Test func `a wrong message costs a client its update unless that is whole`() {
    var work = ClientsAtWork.asked(0, 1)
    work.offer(0)
    work.offer(1)
    work.grant(bytes: 10)
    // The room that becomes free is the next one's.
    let actions = work.refuse(
      0, "field loss is -1", Sample.plan, Sample.models, Sample.presence([0, 1]))
    #expect(actions.first == .release(client: 0))
    #expect(actions.counts == ["malformed update"])
    #expect(actions.granted == [1])
    #expect(work.progress[0] == .refused(.malformed))
    _ = work.receive(0..<10, of: 1, attempt: 0)
    #expect(work.refuse(1, "", Sample.plan, Sample.models, Sample.presence([1])).mail(to: 1) == [])
    work.accept(submission(10), of: 1)
    #expect(
      work.refuse(1, "", Sample.plan, Sample.models, Sample.presence([1])).mail(to: 1)
        == [.acknowledge(.duplicate)])
  }

  @Test func `a buffer is full with updates of any round`() {
    var rules = RoundRules(clientsPerRound: 2)
    rules.stragglers = .buffered(size: 2, maximalStaleness: 3)
    var work = ClientsAtWork.asked(0)
    work.carry(1, of: 0, at: .accepted(submission(10)))
    #expect(!work.isEnough(rules))
    work.accept(submission(10), of: 0)
    #expect(work.isEnough(rules))
    rules.stragglers = .discard
    #expect(!work.isEnough(rules), "all are waited for")
  }

  private func submission(_ length: Int) -> Submission {
    BrokerBench.submission(BrokerBench.offer(length))
  }
}
