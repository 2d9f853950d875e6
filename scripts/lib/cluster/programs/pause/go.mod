module daps.local/cluster/pause

go 1.26
