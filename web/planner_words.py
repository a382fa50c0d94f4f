"""The words of the planner's page."""

from __future__ import annotations

from web.i18n import Translator


def page_words(_: Translator) -> dict[str, str]:
    """By name, in one language."""
    return {
        "title": _("Planner"), "desk": _("Dispatcher's desk"), "speeds": _("Learnt speeds"),
        "skip": _("Skip to the content"), "map": _("Map"), "theme": _("Light or dark"),
        "language": _("Language"), "kind": _("Kind of unit"), "minutes": _("Within minutes"),
        "in_time": _("people in time"), "of": _("of"), "unreached": _("people by no road at all"),
        "posts": _("Posts"), "in_service": _("{open} of {all} in service"),
        "drag": _("Drag a post to move it. Click the map to add one, or a post to change its units."),
        "hour": _("Hour of the week"), "any_hour": _("at no hour in particular"),
        "no_traffic": _("The region tells no traffic by the hour: the slider changes the units on duty alone."),
        "traffic": _("Traffic and units on duty as at this hour."),
        "mon": _("Monday"), "tue": _("Tuesday"), "wed": _("Wednesday"), "thu": _("Thursday"), "fri": _("Friday"),
        "sat": _("Saturday"), "sun": _("Sunday"), "day": _("Day"), "time": _("Time"),
        "roads": _("Closed roads"), "close_road": _("Road or bridge"), "close_area": _("Flooded area"),
        "close_street": _("Street by name"), "close": _("Close"), "done": _("Done"), "cancel": _("Cancel"),
        "hint_road": _("Click the road or bridge on the map."),
        "hint_area": _("Click the corners of the area, then choose Done."),
        "street_closed": _("Street {name}"), "road_closed": _("Road at {at}"), "area_closed": _("Area of {n} corners"),
        "closed_km": _("{km} km of road closed"), "remove": _("Remove"), "none_closed": _("No road is closed."),
        "isochrones": _("Areas reached within 5, 8, 10, 15 minutes"),
        "keep": _("Keep as plan A"), "back": _("Back to plan A"), "as_is": _("As it stands"),
        "plans": _("Two plans side by side"), "plan_a": _("Plan A"), "plan_b": _("Plan B"),
        "difference": _("Difference"), "row_in_time": _("People in time"), "row_share": _("Share"),
        "row_twice": _("By two units"), "row_mean": _("Mean time"), "row_p50": _("P50"), "row_p90": _("P90"),
        "row_unreached": _("No road at all"), "row_units": _("Units on duty"),
        "show": _("Show on the map"), "show_a": _("Plan A"), "show_b": _("Plan B"), "show_gain": _("Difference"),
        "worse": _("fewer in time"), "better": _("more in time"), "same": _("as before"),
        "gaps": _("Most people outside the standard"), "changed": _("Villages that change most"),
        "village": _("Village"), "kecamatan": _("Kecamatan"), "outside": _("Outside"), "gain": _("Gained"),
        "no_gaps": _("Everybody is reached in time."), "legend": _("People of the village in time"),
        "export": _("Export"), "export_csv": _("Table (CSV)"), "export_gpkg": _("Layers (GeoPackage)"),
        "export_pdf": _("Report (PDF)"), "computing": _("Computing …"), "making": _("Being made …"),
        "new_post": _("New post"), "closed": _("closed"), "units": _("Units"), "units_night": _("at night"),
        "serve": _("In service"), "delete": _("Remove this post"), "night": _("22:00 to 6:00"),
        "filter": _("Find a post"), "lost": _("The server cannot be reached; try again."),
        "no_people": _("The region has no population; build it with a table of people per village (--population)."),
        "km": _("km"), "min": _("min"),
    }  # fmt: skip
