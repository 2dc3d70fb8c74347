#ifndef SERVICES_INTAKE_MATCH_NOTICE_H_
#define SERVICES_INTAKE_MATCH_NOTICE_H_

#include "critac/intake/v1/events.pb.h"
#include "critac/intake/v1/request.pb.h"

namespace critac::intake {

// Whether matching has to look at a request after a step: it became ready, was taken up again with
// its match, or is to be matched no more (withdrawn, held, asked about, …), so that its demand can
// be closed. Not after a match was recorded: matching itself did that.
bool ConcernsMatching(const v1::RequestTransitioned& taken);

// Whether it has to look at a request after a change of what is asked for: one that is ready may be
// more urgent now.
bool ConcernsMatching(const v1::RequestUpdated& updated);

}  // namespace critac::intake

#endif  // SERVICES_INTAKE_MATCH_NOTICE_H_
