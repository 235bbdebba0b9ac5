import Bytes
import Runtime
import Synchronization
import Testing
import Wire
import ZeroMQ

/// What a relay passes on, and what people hear of the rest.
@Suite struct RelayAdmissionTests {
  private final class Screen: Sendable {
    private let said = Mutex<[String]>([])

    var lines: [String] { said.withLock { $0 } }

    func say(_ line: String) { said.withLock { $0.append(line) } }
  }

  private let key: CurveKey
  private let control: AccessControl
  private let screen = Screen()

  init() throws {
    key = try CurveKeyPair.generate().publicKey
    control = AccessControl(
      AdmittedWorkers([
        AdmittedWorker(
          name: "lab", key: key, clients: try #require(ClientRange("0-3")), samples: 95)
      ]))
  }

  private func admission(sampleUnit: Int = 1) -> RelayAdmission {
    RelayAdmission(control, sampleUnit: sampleUnit) { [screen] in screen.say($0) }
  }

  private func join(_ client: Int?, samples: Int? = nil) -> Wire.Message<Uplink> {
    let join = Join(worker: 7, plan: Digest(of: []), maximalStage: nil, samples: samples)
    return Message(Header(client: client), .join(join))
  }

  @Test func `rounded numbers of samples pass a relay that rounds its limits`() {
    var exact = admission()
    #expect(exact.admits(join(1, samples: 95), from: key.z85) == true)
    #expect(exact.admits(join(1, samples: 100), from: key.z85) == false)
    #expect(
      screen.lines == [
        "not passed on: field samples is 100, beyond 95, the most that a client of worker lab may "
          + "have; where the topology has data.roundSamples, this relay needs it as well "
          + "(--round-samples)"
      ])
    var rounding = admission(sampleUnit: 10)
    #expect(rounding.admits(join(1, samples: 100), from: key.z85) == true)
    #expect(rounding.admits(join(1, samples: 110), from: key.z85) == false)
    #expect(screen.lines.count == 2)
  }

  @Test func `whatever isn't passed on is told, at once and at ten and a hundred times`() {
    var admission = admission()
    #expect(admission.admits(join(nil), from: key.z85) == false)
    for _ in 1...120 { #expect(admission.admits(join(4), from: key.z85) == false) }
    let objection = "worker lab may play clients 0-3, not 4"
    #expect(
      screen.lines == [
        "not passed on: a worker's message names no client", "not passed on: \(objection)",
        "not passed on, 10 times by now: \(objection)",
        "not passed on, 100 times by now: \(objection)",
      ])
  }

  @Test func `endless different objections become one`() {
    var admission = admission()
    for client in 4..<2000 { #expect(admission.admits(join(client), from: key.z85) == false) }
    // A thousand, and then the others at 1, 10 and 100 times.
    #expect(screen.lines.count == 1003)
    #expect(
      screen.lines.last
        == "not passed on, 100 times by now: more objections than are told one by one")
  }

  @Test func `without a list everybody's messages pass`() {
    var admission = RelayAdmission(nil) { [screen] in screen.say($0) }
    #expect(admission.admits(join(9), from: nil) == true)
    #expect(screen.lines.isEmpty)
  }
}
