package moonshine
import ("testing";"context";"fmt")
func TestTmp(t *testing.T){
 for _,id:=range []string{"1b0a5c1e","2f6e1d33","7c9d2b48","e4a17f90"} {
 c,s:=track(t,id)
 r,err:=model(t).Transcribe(context.Background(),c.stream())
 fmt.Println(c.seconds(),s,err,len(r.Words),r.Speech, len(r.Levels))
 for i,w:=range r.Words{ if i<12 {fmt.Printf("%s@%.2f-%.2f(%.2f,%.0f) ",w.Text,w.Start+s,w.End+s,w.Probability,w.Level)}}
 fmt.Println()
 }
}
