import Bytes
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .longRunning, .timeLimit(.minutes(5))) struct PlanCommandTests {
  private struct Plan: Decodable {
    struct Segment: Decodable {
      struct Tensor: Decodable {
        var name: String
        var shape: [Int]
        var role: String
      }
      var name: String
      var tensors: [Tensor]
    }
    var digest: String
    var text: String
    var segments: [Segment]
  }

  private func output(_ arguments: [String]) throws -> String {
    let command = try Command(["plan"] + arguments)
    #expect(command.status(within: 60) == 0, "\(command.standardError)")
    return command.standardOutput
  }

  @Test func `the text's SHA-256 is the digest that the other forms print`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    let text = try output([topology, "--text"])
    let plan = try JSONDecoder().decode(
      Plan.self, from: Data(try output([topology, "--json"]).utf8))
    #expect(text == plan.text && text.hasPrefix("format: progfed plan 2\n"))
    #expect(Digest(of: Data(text.utf8)).hex == plan.digest)
    #expect(try output([topology]).contains("SHA-256 \(plan.digest)\n"))
    #expect(plan.segments.map(\.name) == ["block1", "block2", "block3", "head1", "head2", "head3"])
    #expect(plan.segments[0].tensors.map(\.shape) == [[32, 1, 3, 3], [32]])
  }

  @Test func `what changes the plan on the command line changes the digest`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    func digest(_ options: [String]) throws -> String {
      Digest(of: Data(try output([topology, "--text"] + options).utf8)).hex
    }
    let plain = try digest([])
    #expect(try digest(["--seed", "99"]) == plain)
    #expect(try digest(["--up", "eden1"]) != plain)
    #expect(try digest(["--rounds", "9"]) != plain)
  }

  @Test func `the samples need not be there`() throws {
    let folder = try Folder()
    let text = SmallRun.topology().replacing(
      "name: fashion-mnist", with: "name: cifar10\n  path: nowhere"
    ).replacing("name: convnet", with: "name: convnet-cifar")
      .replacing("rounds: [1, 2, 2]", with: "rounds: [1, 2, 2, 2]")
    let topology = try folder.write(text, to: "elsewhere.yaml")
    #expect(try output([topology]).contains("(x − 0.4914) / 0.2023"))
  }

  @Test func `text and JSON at once are wrong use, and faults are reported as by check`() throws {
    let folder = try Folder()
    let topology = try folder.write(SmallRun.topology(), to: "small.yaml")
    #expect(try Command(["plan", topology, "--json", "--text"]).status(within: 20) == 64)
    let wrong = try folder.write(SmallRun.topology(more: "seeed: 1"), to: "wrong.yaml")
    let command = try Command(["plan", wrong])
    #expect(command.status(within: 20) == 65)
    #expect(command.standardError.contains("seeed"), "\(command.standardError)")
  }
}
