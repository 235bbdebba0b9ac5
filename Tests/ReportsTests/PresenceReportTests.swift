import Federation
import Foundation
import Reports
import Testing

/// Who is there, in words, markup and metrics.
struct PresenceReportTests {
  private func presence(_ change: (inout [String: Any]) -> Void = { _ in }) throws -> Presence {
    var object: [String: Any] = [
      "format": 1, "name": "tiny", "elapsed": 90.5, "state": "open", "paused": false,
      "draining": false, "round": 3, "stage": 1, "rounds": 20, "openFor": 12, "left": 48,
      "selected": 4, "accepted": 1, "clients": 10, "present": 4, "lacking": "", "evicted": [5],
      "workers": [
        [
          "number": "a1", "name": "site-1", "address": "10.0.0.7", "since": 80, "heard": 1,
          "clients": [
            ["client": 0, "does": "training", "late": 12.5], ["client": 1, "does": "training"],
            ["client": 2, "does": "done"],
          ],
        ],
        [
          "number": "b2", "name": "<b>\"2\"", "process": 42, "since": 3, "heard": 2, "gone": 2,
          "clients": [["client": 7, "does": "gone"]],
        ],
      ],
    ]
    change(&object)
    return try JSONDecoder().decode(
      Presence.self, from: JSONSerialization.data(withJSONObject: object))
  }

  @Test func `text says the round, who is late, and what each worker's clients do`() throws {
    let text = PresenceText(try presence()).text(width: 120)
    #expect(
      text.hasPrefix(
        "tiny: round 3 of 20, stage 1: open for 12.0 s, at most 48.0 s left; 1 of 4 updates are here\n"
      ))
    #expect(text.contains("4 of 10 clients are here\nexcluded: 5\n"))
    #expect(text.contains("late: client 0 of site-1 for 12.5 s\n"))
    let rows = text.split(separator: "\n").suffix(2)
    #expect(rows.first?.contains("site-1") == true)
    #expect(rows.first?.contains("training 2, done 1") == true)
    #expect(
      rows.last?.contains("process 42") == true && rows.last?.contains("gone for 2.00 s") == true)
  }

  @Test func `a narrow terminal gets the names and occupations`() throws {
    for line in PresenceText(try presence()).text(width: 50).split(separator: "\n").suffix(2) {
      #expect(line.count <= 50)
    }
  }

  @Test func `text says how many of how many are waited for`() throws {
    let presence = try presence {
      $0["state"] = "waiting"
      $0["able"] = 7
      $0["needed"] = 10
      $0["waitingFor"] = 34
      $0["lacking"] = "not here: 3, 8-9"
    }
    #expect(presence.headline == "waiting: 7 of 10 needed for round 3 of 20, for 34.0 s")
    #expect(presence.remarks[0] == "4 of 10 clients are here; not here: 3, 8-9")
  }

  @Test func `text says that a run is paused or draining`() throws {
    #expect(
      try presence { $0["paused"] = true }.headline.hasSuffix("paused: no round opens after it"))
    #expect(try presence { $0["draining"] = true }.headline.hasSuffix("draining: then it stops"))
    let waiting = try presence {
      $0["paused"] = true
      $0["state"] = "waiting"
    }
    #expect(waiting.headline == "paused before round 3 of 20: no round opens")
  }

  @Test func `text says whose sums are here while samples are measured`() throws {
    let presence = try presence {
      $0["state"] = "waiting"
      $0["measuring"] = true
      ($0["accepted"], $0["selected"]) = (2, 5)
    }
    #expect(
      presence.headline
        == "measuring samples before round 3 of 20: sums of 2 of 5 clients are here")
  }

  @Test func `markup has nothing of a worker's name but its letters`() throws {
    let markup = PresenceMarkup.text(try presence())
    #expect(!markup.contains("<b>") && markup.contains("&lt;b&gt;&quot;2&quot;"))
    #expect(markup.contains("training 2, done 1") && markup.contains("1 workers are here") == false)
  }

  @Test func `metrics have a line for each worker, and names are escaped`() throws {
    let text = Metrics.text(try presence())
    for line in [
      "progfed_clients 10", "progfed_clients_present 4", "progfed_clients_evicted 1",
      "progfed_clients_late 1", "progfed_clients_doing{does=\"training\"} 2", "progfed_paused 0",
      "progfed_worker_clients{worker=\"site-1\",number=\"a1\",address=\"10.0.0.7\"} 3",
      "progfed_worker_clients{worker=\"<b>\\\"2\\\"\",number=\"b2\",address=\"process 42\"} 0",
      "progfed_worker_silence_seconds{worker=\"site-1\",number=\"a1\"} 1",
    ] {
      #expect(text.contains("\(line)\n"), "\(line)")
    }
  }
}
