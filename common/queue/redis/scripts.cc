#include "common/queue/redis/scripts.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/sha1.h"
#include "common/queue/redis/script_texts.h"

namespace critac::queue::redis {
namespace {

// Whether a server that has no memory left runs it. Those that drain a queue it does.
enum class WithoutMemory { kRefused, kRun };

// A script that declares its flags is refused before it begins, or runs to its end: no error of a
// server without memory or with a broken disk stops it half-way.
Script Make(const char* name, WithoutMemory without_memory, bool repeatable,
            absl::string_view body) {
  const absl::string_view flags = without_memory == WithoutMemory::kRun ? " flags=allow-oom" : "";
  Script script = {.name = name,
                   .text = absl::StrCat("#!lua", flags, "\n", texts::kLines, body),
                   .sha1 = "",
                   .repeatable = repeatable};
  script.sha1 = Sha1Hex(script.text);
  return script;
}

}  // namespace

const Script kClaimSweep = Make("claim_sweep", WithoutMemory::kRefused, false, texts::kClaimSweep);
const Script kComplete =
    Make("complete", WithoutMemory::kRun, false, absl::StrCat(texts::kHeld, texts::kComplete));
const Script kEnqueue = Make("enqueue", WithoutMemory::kRefused, false, texts::kEnqueue);
const Script kExtend =
    Make("extend", WithoutMemory::kRun, true, absl::StrCat(texts::kHeld, texts::kExtend));
const Script kFail =
    Make("fail", WithoutMemory::kRun, false, absl::StrCat(texts::kHeld, texts::kFail));
const Script kGovern = Make("govern", WithoutMemory::kRun, true, texts::kGovern);
const Script kHeal = Make("heal", WithoutMemory::kRun, true, texts::kHeal);
const Script kPeek = Make("peek", WithoutMemory::kRun, true, texts::kPeek);
const Script kProbe = Make("probe", WithoutMemory::kRefused, true, texts::kProbe);
const Script kPurge = Make("purge", WithoutMemory::kRun, false, texts::kPurge);
const Script kRedrive = Make("redrive", WithoutMemory::kRun, false, texts::kRedrive);
const Script kRelease =
    Make("release", WithoutMemory::kRun, false, absl::StrCat(texts::kHeld, texts::kRelease));
const Script kReserve = Make("reserve", WithoutMemory::kRun, false, texts::kReserve);
const Script kStats = Make("stats", WithoutMemory::kRun, true, texts::kStats);

}  // namespace critac::queue::redis
