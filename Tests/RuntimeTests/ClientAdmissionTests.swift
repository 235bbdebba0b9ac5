import Bytes
import Runtime
import Testing
import Wire
import ZeroMQ

/// Who may speak for which client, as far as the authenticated key goes.
@Suite struct ClientAdmissionTests {
  private let own: CurveKey
  private let other: CurveKey
  private let control: AccessControl
  private var admission: ClientAdmission

  init() throws {
    own = try CurveKeyPair.generate().publicKey
    other = try CurveKeyPair.generate().publicKey
    control = AccessControl(
      AdmittedWorkers([
        AdmittedWorker(
          name: "lab", key: own, clients: try #require(ClientRange("0-3")), samples: 500)
      ]))
    admission = ClientAdmission(control, clients: 10)
  }

  private func join(_ client: Int, worker: UInt64 = 7) -> Wire.Message<Uplink> {
    let join = Join(worker: worker, plan: Digest(of: []), maximalStage: nil)
    return Message(Header(client: client), .join(join))
  }

  private func offer(samples: Int) -> Wire.Message<Uplink> {
    let offer = Offer(
      length: 1, digest: Digest(of: []), samples: samples, base: Digest(of: []), loss: 0, steps: 1,
      skippedSteps: 0)
    return Message(Header(client: 2), .offer(offer))
  }

  @Test mutating func `a key may play its own clients and no others`() {
    #expect(admission.verdict(on: join(3), from: own.z85) == .allowed)
    #expect(
      admission.verdict(on: join(4), from: own.z85)
        == .forbidden(detail: "worker lab may play clients 0-3, not 4"))
    #expect(admission.mayPlay(3, own.z85))
    #expect(!admission.mayPlay(4, own.z85))
  }

  @Test mutating func `a key that isn't on the list may play nobody`() {
    for user in [other.z85, nil, "no key"] {
      #expect(
        admission.verdict(on: join(0), from: user)
          == .forbidden(detail: "the worker's key isn't on the broker's allow-list any more"))
      #expect(!admission.mayPlay(0, user))
      #expect(admission.name(of: user, playing: 0) == nil)
    }
  }

  @Test mutating func `an offer of more samples than the worker's clients may have is faulty`() {
    #expect(admission.verdict(on: offer(samples: 500), from: own.z85) == .allowed)
    guard case .faulty(let problem) = admission.verdict(on: offer(samples: 501), from: own.z85)
    else {
      Issue.record("the offer was taken")
      return
    }
    #expect(problem.contains("501") && problem.contains("500") && problem.contains("lab"))
  }

  @Test mutating func `a limit of samples is rounded as the numbers are that clients tell`() {
    admission = ClientAdmission(control, clients: 10, sampleUnit: 30)
    #expect(admission.verdict(on: offer(samples: 510), from: own.z85) == .allowed)
    #expect(admission.verdict(on: offer(samples: 540), from: own.z85) != .allowed)
  }

  @Test mutating func `without access control everybody may play everyone`() {
    admission = ClientAdmission(nil, clients: 10)
    #expect(admission.verdict(on: join(9), from: nil) == .allowed)
    #expect(admission.mayPlay(9, nil))
    #expect(admission.removals().isEmpty)
  }

  @Test mutating func `a changed list takes out those who play what they no longer may, once`() {
    for client in [3, 1] { _ = admission.verdict(on: join(client, worker: 40), from: own.z85) }
    control.admit(
      AdmittedWorkers([
        AdmittedWorker(name: "lab", key: own, clients: ClientRange("0-1") ?? ClientRange(of: []))
      ]))
    let removals = admission.removals()
    #expect(removals.map(\.client) == [3] && removals.map(\.worker) == [40])
    #expect(removals.first?.detail == "worker lab may no longer play client 3")
    #expect(admission.removals().isEmpty)
    control.admit(AdmittedWorkers([]))
    #expect(admission.removals().map(\.client) == [1])
  }

  @Test mutating func `a client beyond the fleet is remembered for nobody`() {
    control.admit(
      AdmittedWorkers([
        AdmittedWorker(name: "lab", key: own, clients: ClientRange("0-99") ?? ClientRange(of: []))
      ]))
    _ = admission.verdict(on: join(50), from: own.z85)
    control.admit(AdmittedWorkers([]))
    #expect(admission.removals().isEmpty)
  }
}

/// When the ledger and the kernel's count are compared.
@Suite struct MeterScheduleTests {
  @Test func `a reading that agrees is kept at once`() {
    var schedule = MeterSchedule()
    #expect(schedule.wakeTime == nil && !schedule.isDue(at: .seconds(9)))
    schedule.request(after: 3, at: .seconds(1))
    #expect(schedule.isDue(at: .seconds(1)))
    let isKept = schedule.keeps(agreeing: true, at: .seconds(1))
    #expect(isKept && schedule.round == nil && schedule.wakeTime == nil)
  }

  @Test func `a reading that doesn't agree is taken again until its time is over`() throws {
    var schedule = MeterSchedule()
    schedule.request(after: 3, at: .zero)
    var now = Duration.zero
    var looks = 0
    while !schedule.keeps(agreeing: false, at: now) {
      looks += 1
      let next = try #require(schedule.wakeTime)
      #expect(next > now && !schedule.isDue(at: now) && schedule.isDue(at: next))
      now = next
    }
    #expect(now == .seconds(2) && looks == 40)
  }

  /// What is in the queues leaves them only while the process runs.
  @Test func `a process that hardly runs looks as often as any other`() {
    var schedule = MeterSchedule()
    schedule.request(after: 3, at: .zero)
    for look in 0..<40 {
      let isKept = schedule.keeps(agreeing: false, at: .seconds(3 * look))
      #expect(!isKept && schedule.round == 3)
    }
    let isKept = schedule.keeps(agreeing: false, at: .seconds(120))
    #expect(isKept)
    // The next one has its own looks.
    schedule.request(after: 4, at: .seconds(121))
    let isKeptAtOnce = schedule.keeps(agreeing: false, at: .seconds(130))
    #expect(!isKeptAtOnce)
  }
}
